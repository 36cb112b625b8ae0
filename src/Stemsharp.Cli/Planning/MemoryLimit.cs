using Stemsharp.Cli.Batches;
using Stemsharp.Cli.Separating;
using Stemsharp.Cli.Text;

namespace Stemsharp.Cli.Planning;

/// <summary>
/// Keeps <c>--max-memory</c>, or refuses. What the work needs is measured before it begins; where fewer encoders at once
/// would fit, fewer run; and while it runs, this process and its children are watched and stopped above the limit.
/// </summary>
internal sealed class MemoryLimit : IDisposable
{
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(50);

    private readonly long? _limit;
    private readonly CancellationTokenSource _stop;
    private readonly MemoryWatch? _watch;
    private long _seen;

    /// <param name="limit">In bytes; null for none.</param>
    /// <param name="cancellationToken">Stops for other reasons.</param>
    internal MemoryLimit(long? limit, CancellationToken cancellationToken)
    {
        _limit = limit;
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        if (limit is not null)
        {
            _watch = new MemoryWatch(s_interval, Look);
        }
    }

    /// <summary>Cancelled above the limit.</summary>
    internal CancellationToken Token => _stop.Token;

    /// <summary>Fits a request into its limit.</summary>
    /// <exception cref="OptionException">The work needs more.</exception>
    internal static async Task<SeparateRequest> FitAsync(
        SeparateRequest request, Separator separator, InputExpansion inputs, CancellationToken cancellationToken)
    {
        if (request.MaxMemory is not { } limit)
        {
            return request;
        }

        // Segments at once are measured one at a time, and as many are allowed as fit.
        int more = Math.Max(0, request.Separator.ParallelSegments - 1);
        separator.MostAtOnce = 1;
        Calibration calibration = await Calibration.MeasureAsync(request, separator, inputs.Tracks, cancellationToken).ConfigureAwait(false);
        long each = Math.Max(1, separator.AtOnce.BytesEach), needed = calibration.MemoryBytes + more * each;
        bool oneByOne = needed > limit;
        if (oneByOne && !request.Files.ExactSum)
        {
            needed = calibration.MemoryOneByOne + more * each;
        }

        if (needed > limit)
        {
            throw new OptionException(
                $"--max-memory {Words.Bytes(limit)} is not enough: {separator.Model} needs {Words.Bytes(needed)} here. " +
                "Fewer --parallel-segments need less, and so do WAV input and output, because FFmpeg is not called; a smaller model needs much less.");
        }

        separator.MostAtOnce = (int)Math.Min(64, 1 + more + (limit - needed) / each);
        // Files that add up are written side by side.
        return oneByOne ? request with { Files = request.Files with { MostEncoders = 1 } } : request;
    }

    /// <summary>Runs something under the limit.</summary>
    /// <exception cref="OptionException">It needed more and was stopped.</exception>
    internal async Task<T> RunAsync<T>(Func<CancellationToken, Task<T>> work)
    {
        try
        {
            return await work(Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (Volatile.Read(ref _seen) > 0)
        {
            throw new OptionException(
                $"--max-memory {Words.Bytes(_limit!.Value)} was reached: {Words.Bytes(_seen)} were in use. The work was stopped, and " +
                "nothing is half-written; start it again with a higher limit.");
        }
    }

    public void Dispose()
    {
        _watch?.Dispose();
        _stop.Dispose();
    }

    private void Look()
    {
        if (_seen > 0)
        {
            return;
        }

        long bytes = ProcessTree.Bytes();
        if (bytes <= _limit)
        {
            return;
        }

        Volatile.Write(ref _seen, bytes);
        try
        {
            _stop.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The work ended meanwhile.
        }
    }
}
