using Stemsharp.Cpu;
using Xunit;

namespace Stemsharp.Tests.Cpu;

public class WorkerPoolTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    public void Every_item_runs_once_however_jobs_follow_each_other(int threads)
    {
        using var pool = new WorkerPool(threads);
        for (int round = 0; round < 2000; round++)
        {
            int items = round % 17;
            var counts = new int[items];
            pool.For(items, i => Interlocked.Increment(ref counts[i]));
            Assert.All(counts, c => Assert.Equal(1, c));
        }
    }

    [Fact]
    public void Parked_threads_wake_up()
    {
        using var pool = new WorkerPool(4);
        for (int round = 0; round < 5; round++)
        {
            Thread.Sleep(5);
            int done = 0;
            pool.For(100, _ => Interlocked.Increment(ref done));
            Assert.Equal(100, done);
        }
    }

    [Fact]
    public void An_exception_reaches_the_caller_and_the_pool_goes_on()
    {
        using var pool = new WorkerPool(3);
        Assert.Throws<InvalidOperationException>(() => pool.For(50, i =>
        {
            if (i == 20) throw new InvalidOperationException("item");
        }));
        int done = 0;
        pool.For(50, _ => Interlocked.Increment(ref done));
        Assert.Equal(50, done);
    }
}
