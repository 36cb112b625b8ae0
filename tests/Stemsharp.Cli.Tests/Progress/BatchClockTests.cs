using Stemsharp.Cli.Batches;
using Stemsharp.Cli.Progress;
using Xunit;

namespace Stemsharp.Cli.Tests.Progress;

/// <summary>A batch is as far as its audio is, and takes as long as that takes.</summary>
public class BatchClockTests
{
    private static readonly Track s_track = new("/a.wav", "a.wav", "");

    [Fact]
    public void ALongTrackCountsForMoreThanAShortOne()
    {
        BatchClock clock = new(3);
        Assert.Equal((0, null), (clock.Fraction, clock.Remaining));
        clock.Length(0, 10);
        clock.Length(1, 30);
        clock.Length(2, 60);
        clock.Report(0, new TrackProgress("separating", 0.5, 10, TimeSpan.FromSeconds(1)));
        Assert.Equal(0.05, clock.Fraction, 9);
        // 5 seconds of audio took one of work; 95 are left.
        Assert.Equal(19, clock.Remaining!.Value.TotalSeconds, 6);
        clock.End(0, Done(10, 2));
        clock.End(1, Done(30, 4));
        Assert.Equal(0.4, clock.Fraction, 9);
        Assert.Equal(9, clock.Remaining!.Value.TotalSeconds, 6);
        clock.End(2, Done(60, 9));
        Assert.Equal((1, TimeSpan.Zero), (clock.Fraction, clock.Remaining!.Value));
    }

    [Fact]
    public void WhatIsNotKnownYetCountsAsTheMeanOfWhatIs()
    {
        BatchClock clock = new(4);
        clock.Length(0, 20);
        clock.Length(1, 40);
        clock.End(0, Done(20, 5));
        // 20 of 20 + 40 + 30 + 30.
        Assert.Equal(20.0 / 120, clock.Fraction, 9);
        Assert.Equal(25, clock.Remaining!.Value.TotalSeconds, 6);
        // A header that promised too little is put right while the track is worked on.
        clock.Report(1, new TrackProgress("separating", 0, 100, TimeSpan.Zero));
        Assert.Equal(20.0 / 240, clock.Fraction, 9);
    }

    [Fact]
    public void WhatWasSkippedOrFailedSaysNothingAboutThePace()
    {
        BatchClock clock = new(3);
        clock.End(0, new TrackOutcome { Track = s_track, Status = TrackStatus.Skipped, AudioSeconds = 1000 });
        clock.Length(1, 10);
        clock.End(1, TrackOutcome.Failure(s_track, new AudioException("broken")));
        Assert.Null(clock.Remaining);
        clock.Length(2, 10);
        clock.Report(2, new TrackProgress("separating", 0.5, 10, TimeSpan.FromSeconds(2)));
        Assert.Equal(2, clock.Remaining!.Value.TotalSeconds, 6);
        Assert.Equal(1015.0 / 1020, clock.Fraction, 9);
    }

    private static TrackOutcome Done(double audio, double elapsed) => new() { Track = s_track, Status = TrackStatus.Done, AudioSeconds = audio, ElapsedSeconds = elapsed };
}
