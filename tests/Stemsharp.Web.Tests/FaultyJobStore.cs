using Stemsharp.Web.Store;

namespace Stemsharp.Web.Tests;

/// <summary>A store whose calls fail when a test wants it: before they have done anything, or after they have done it.</summary>
internal sealed class FaultyJobStore(SqliteJobStore store) : IJobStore, IDisposable
{
    private int _calls;

    /// <summary>What a call fails with, by its name and its number; null for not at all.</summary>
    public Func<string, int, Exception?> Fault { get; set; } = (_, _) => null;

    /// <summary>Calls that have failed, with how often.</summary>
    public Dictionary<string, int> Failed { get; } = [];

    public IReadOnlyList<StoredJob> Recover() => store.Recover();

    public void Save(params IReadOnlyList<StoredJob> jobs) => Call(nameof(Save), () => store.Save(jobs));

    public void Delete(string id) => Call(nameof(Delete), () => store.Delete(id));

    public void Tidy(string id, bool results, bool steps) => Call(nameof(Tidy), () => store.Tidy(id, results, steps));

    public long Size(string id)
    {
        long bytes = 0;
        Call(nameof(Size), () => bytes = store.Size(id));
        return bytes;
    }

    public StemFiles Files(string id) => store.Files(id);

    public void Dispose() => store.Dispose();

    private void Call(string name, Action action)
    {
        Exception? error;
        bool first;
        lock (Failed)
        {
            error = Fault(name, ++_calls);
            if (error is not null)
            {
                Failed[name] = Failed.GetValueOrDefault(name) + 1;
            }

            first = Failed.GetValueOrDefault(name) % 2 == 1;
        }

        if (error is not null && first)
        {
            throw error;
        }

        action();
        if (error is not null)
        {
            throw error;
        }
    }
}
