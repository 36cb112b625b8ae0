using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Stemsharp.Separation;

namespace Stemsharp;

/// <summary>
/// Hands blocks from the thread that separates to an asynchronous reader. Three blocks go round: one with the reader,
/// two ahead of it; when none is free, the separation waits.
/// </summary>
internal sealed class StreamSink : IStemSink
{
    private const int Blocks = 3;
    private readonly Channel<(StemBlock Block, SeparatedBlock Memory)> _filled = Channel.CreateUnbounded<(StemBlock, SeparatedBlock)>();
    private readonly Channel<(StemBlock Block, SeparatedBlock Memory)> _free = Channel.CreateUnbounded<(StemBlock, SeparatedBlock)>();
    private readonly CancellationToken _cancellationToken;

    private StreamSink(CancellationToken cancellationToken) => _cancellationToken = cancellationToken;

    /// <summary>Runs a separation and yields what it makes.</summary>
    public static async IAsyncEnumerable<StemBlock> Enumerate(
        Func<IStemSink, CancellationToken, Task> separate, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        StreamSink sink = new(stop.Token);
        Task work = sink.Work(separate, stop.Token);
        try
        {
            await foreach ((StemBlock block, SeparatedBlock memory) in sink._filled.Reader.ReadAllAsync(CancellationToken.None).ConfigureAwait(false))
            {
                yield return block;
                sink._free.Writer.TryWrite((block, memory));
            }
        }
        finally
        {
            // The reader went away early, or everything is done and this has no effect.
            await stop.CancelAsync().ConfigureAwait(false);
            await work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await work.ConfigureAwait(false);
    }

    public void Begin(SeparationInfo info)
    {
        for (int i = 0; i < Blocks; i++)
        {
            SeparatedBlock memory = new(info.Stems.Count, info.Channels);
            _free.Writer.TryWrite((new StemBlock(info, memory), memory));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Write(StemBlock block)
    {
        (StemBlock Block, SeparatedBlock Memory) free = _free.Reader.ReadAsync(_cancellationToken).AsTask().GetAwaiter().GetResult();
        free.Memory.Start = block.Start;
        free.Memory.Length = block.Length;
        for (int c = 0; c < block.Info.Channels; c++)
        {
            block.Mix(c).CopyTo(free.Memory.Mix[c]);
            for (int s = 0; s < block.Info.Stems.Count; s++)
            {
                block.Stem(s, c).CopyTo(free.Memory.Stems[s][c]);
            }
        }

        _filled.Writer.TryWrite(free);
    }

    private async Task Work(Func<IStemSink, CancellationToken, Task> separate, CancellationToken cancellationToken)
    {
        try
        {
            await separate(this, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _filled.Writer.Complete();
        }
    }
}
