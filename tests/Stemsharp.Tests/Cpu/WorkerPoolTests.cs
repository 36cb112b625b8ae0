using System.Collections.Concurrent;
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
        using WorkerPool pool = new(threads);
        for (int round = 0; round < 2000; round++)
        {
            int items = round % 17;
            int[] counts = new int[items];
            pool.For(items, i => Interlocked.Increment(ref counts[i]));
            Assert.All(counts, c => Assert.Equal(1, c));
        }
    }

    [Fact]
    public void Parked_threads_wake_up()
    {
        using WorkerPool pool = new(4);
        for (int round = 0; round < 5; round++)
        {
            Thread.Sleep(5);
            int done = 0;
            pool.For(100, _ => Interlocked.Increment(ref done));
            Assert.Equal(100, done);
        }
    }

    // Threads that spin would use up all of the time; each thread's own is asked for, so that tests beside it don't count.
    [LinuxFact]
    public void An_idle_pool_uses_no_processor_time()
    {
        ConcurrentDictionary<string, bool> ids = new();
        using WorkerPool pool = new(4);
        for (int round = 0; round < 100 && ids.Count < 4; round++)
        {
            pool.For(40, _ =>
            {
                ids.TryAdd(File.ReadAllText("/proc/thread-self/stat").Split(' ')[0], true);
                Thread.Sleep(1);
            });
        }

        Thread.Sleep(50);
        Assert.Equal(4, ids.Count);
        string self = File.ReadAllText("/proc/thread-self/stat").Split(' ')[0];
        string[] others = [.. ids.Keys.Where(id => id != self)];
        long before = others.Sum(Ticks);
        Thread.Sleep(500);
        Assert.InRange(others.Sum(Ticks) - before, 0, 2);

        // User and system time in hundredths of a second, the 14th and 15th field; the name before may hold spaces.
        static long Ticks(string id)
        {
            string stat = File.ReadAllText($"/proc/self/task/{id}/stat");
            string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return long.Parse(fields[11], System.Globalization.CultureInfo.InvariantCulture) + long.Parse(fields[12], System.Globalization.CultureInfo.InvariantCulture);
        }
    }

    [Fact]
    public void An_exception_reaches_the_caller_and_the_pool_goes_on()
    {
        using WorkerPool pool = new(3);
        Assert.Throws<InvalidOperationException>(() => pool.For(50, i =>
        {
            if (i == 20)
            {
                throw new InvalidOperationException("item");
            }
        }));
        int done = 0;
        pool.For(50, _ => Interlocked.Increment(ref done));
        Assert.Equal(50, done);
    }
}
