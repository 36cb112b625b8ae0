using Stemsharp.Inference;

namespace Stemsharp.Separation;

/// <summary>Threads for the transforms around an engine that does not lend its own.</summary>
internal sealed class ParallelWorkers(int count) : IWorkers
{
    private readonly ParallelOptions _options = new() { MaxDegreeOfParallelism = count };

    public int Count => count;

    public void For(int items, Action<int> body)
    {
        if (count == 1)
        {
            for (int i = 0; i < items; i++)
            {
                body(i);
            }

            return;
        }

        try
        {
            Parallel.For(0, items, _options, body);
        }
        catch (AggregateException error)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(error.InnerExceptions[0]);
        }
    }
}
