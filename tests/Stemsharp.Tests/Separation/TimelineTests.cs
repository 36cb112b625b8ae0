using System.Diagnostics;
using Stemsharp.Separation;
using Xunit;

namespace Stemsharp.Tests.Separation;

public class TimelineTests
{
    [Fact]
    public void The_critical_path_is_the_longest_chain_of_what_waited_for_each_other()
    {
        Timeline timeline = new();
        long Ago(double seconds) => Timeline.Now - (long)(seconds * Stopwatch.Frequency);
        int first = timeline.Add("a", Ago(1)), second = timeline.Add("b", Ago(5));
        int third = timeline.Add("a", Ago(2), first);
        timeline.Add("c", Ago(3), first, third, -1);
        Assert.Equal(6, timeline.CriticalPath, 0.5);
        timeline.Add("c", Ago(2), second);
        Assert.Equal(7, timeline.CriticalPath, 0.5);
        Assert.Equal(["a", "b", "a", "c", "c"], timeline.Stages.Select(s => s.Name));
        Assert.Equal(5, timeline.Stages[second].Seconds, 0.5);
    }
}
