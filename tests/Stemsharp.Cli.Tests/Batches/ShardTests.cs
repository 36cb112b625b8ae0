using Stemsharp.Cli.Batches;
using Xunit;

namespace Stemsharp.Cli.Tests.Batches;

/// <summary>Shares of lists: each track is in one of them, wherever it stands, and arrays tell which one a task has.</summary>
public sealed class ShardTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(8)]
    [InlineData(100)]
    public void Every_track_is_in_one_share_and_the_shares_are_alike(int count)
    {
        int[] sizes = new int[count];
        for (int i = 0; i < 20_000; i++)
        {
            int[] own = [.. Enumerable.Range(0, count).Where(index => new Shard(index, count).Has($"music/{i}.flac"))];
            sizes[Assert.Single(own)]++;
        }

        double mean = 20_000.0 / count;
        Assert.All(sizes, size => Assert.InRange(size, mean - 6 * Math.Sqrt(mean), mean + 6 * Math.Sqrt(mean)));
    }

    // A list that is done in parts, today and in a year, must be divided alike.
    [Fact]
    public void The_assignment_never_changes() =>
        Assert.Equal(
            [4, 4, 1, 5],
            new[] { "a.wav", "b.wav", "music/Jóga.flac", "/mnt/tracks/000001.mp3" }.Select(track => Enumerable.Range(0, 8).Single(i => new Shard(i, 8).Has(track))));

    [Theory]
    [InlineData("3/8", "", 3, 8)]
    [InlineData("auto/8", "SLURM_ARRAY_TASK_ID=5", 5, 8)]
    [InlineData("auto/8", "SLURM_ARRAY_TASK_ID=5 SLURM_ARRAY_TASK_COUNT=2", 5, 8)]
    [InlineData("auto/4", "JOB_COMPLETION_INDEX=3", 3, 4)]
    [InlineData("auto", "AWS_BATCH_JOB_ARRAY_INDEX=0 AWS_BATCH_JOB_ARRAY_SIZE=10", 0, 10)]
    [InlineData("auto/10", "AWS_BATCH_JOB_ARRAY_INDEX=9 AWS_BATCH_JOB_ARRAY_SIZE=10", 9, 10)]
    [InlineData("auto/10", "AWS_BATCH_JOB_ARRAY_INDEX=9", 9, 10)]
    [InlineData("auto", "CLOUD_RUN_TASK_INDEX=2 CLOUD_RUN_TASK_COUNT=3", 2, 3)]
    // Slurm's own task inside of something else.
    [InlineData("auto/8", "JOB_COMPLETION_INDEX=1 SLURM_ARRAY_TASK_ID=5", 5, 8)]
    public void The_tasks_of_an_array_know_their_share(string text, string variables, int index, int count) =>
        Assert.Equal(new Shard(index, count), Shard.Parse(text, 0, Variables(variables)));

    [Fact]
    public void Slurms_first_task_may_have_any_number()
    {
        Assert.Equal(new Shard(0, 8), Shard.Parse("auto/8", 1, Variables("SLURM_ARRAY_TASK_ID=1")));
        Assert.Equal(new Shard(7, 8), Shard.Parse("auto/8", 1, Variables("SLURM_ARRAY_TASK_ID=8")));
        Assert.Throws<OptionException>(() => Shard.Parse("auto/8", 1, Variables("SLURM_ARRAY_TASK_ID=0")));
        // The other schedulers count from 0.
        Assert.Equal(new Shard(1, 8), Shard.Parse("auto/8", 1, Variables("JOB_COMPLETION_INDEX=1")));
    }

    [Theory]
    [InlineData("8/8", "", "0 to 7")]
    [InlineData("1", "", "I/N")]
    [InlineData("-1/8", "", "I/N")]
    [InlineData("1/0", "", "I/N")]
    [InlineData("1/2/3", "", "I/N")]
    [InlineData("auto/x", "", "I/N")]
    [InlineData("auto/8", "", "none of SLURM_ARRAY_TASK_ID")]
    [InlineData("auto", "SLURM_ARRAY_TASK_ID=1 SLURM_ARRAY_TASK_COUNT=8", "auto/N")]
    [InlineData("auto", "JOB_COMPLETION_INDEX=1", "auto/N")]
    [InlineData("auto", "AWS_BATCH_JOB_ARRAY_INDEX=1", "AWS_BATCH_JOB_ARRAY_SIZE is not set")]
    [InlineData("auto/8", "AWS_BATCH_JOB_ARRAY_INDEX=1 AWS_BATCH_JOB_ARRAY_SIZE=10", "10 tasks")]
    [InlineData("auto/8", "SLURM_ARRAY_TASK_ID=8", "0 to 7")]
    [InlineData("auto/8", "SLURM_ARRAY_TASK_ID=x", "no number")]
    public void What_is_no_share_is_refused_with_what_is(string text, string variables, string said) =>
        Assert.Contains(said, Assert.Throws<OptionException>(() => Shard.Parse(text, 0, Variables(variables))).Message, StringComparison.Ordinal);

    private static Func<string, string?> Variables(string text)
    {
        Dictionary<string, string> variables = text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(v => v.Split('=')).ToDictionary(v => v[0], v => v[1]);
        return variables.GetValueOrDefault;
    }
}
