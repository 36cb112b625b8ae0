using System.Diagnostics;
using Stemsharp.Inference;

namespace Stemsharp.Tests.Separation;

/// <summary>
/// An engine that runs several pieces at once and several runs at a time, on threads of its own, and fails when it is told to. What it
/// computes is <see cref="FakeEngine.Bent"/>. It holds its caller to the contract.
/// </summary>
internal sealed class BatchedEngine(NetworkDefinition definition, int piecesPerRun, int runsAtOnce, string name = "batched") : IEngine
{
    private readonly Stack<Buffer> _free = [];
    private readonly List<Task> _running = [];
    private int _buffers;
    private Task _last = Task.CompletedTask;

    public EngineIdentity Identity { get; } = new(name, "none", EnginePrecision.Fp32);

    public string Description => name;

    public int PiecesPerRun => piecesPerRun;

    public int RunsAtOnce => runsAtOnce;

    public bool IsReproducible => true;

    public long HostBytes => 0;

    /// <summary>How many pieces each run had.</summary>
    public List<int> Runs { get; } = [];

    /// <summary>Lengths that it was prepared for.</summary>
    public List<int> Lengths { get; } = [];

    /// <summary>What run n, counted from 0, ends with; null for success.</summary>
    public Func<int, Exception?> Failure { get; init; } = _ => null;

    /// <summary>Whether what run n gives are numbers.</summary>
    public Func<int, bool> IsFinite { get; init; } = _ => true;

    public bool IsDisposed { get; private set; }

    public void Prepare(int samples, long pieces)
    {
        Assert(!IsDisposed && _free.Count == _buffers, "prepared while pieces are leased");
        Assert(definition.Cut.Lengths.Takes(samples), $"prepared for {samples} samples, which the network does not take");
        Lengths.Add(samples);
        _free.Clear();
        _buffers = piecesPerRun * (runsAtOnce + 1);
        for (int i = 0; i < _buffers; i++)
        {
            _free.Push(new Buffer(this, samples));
        }
    }

    public IPieceBuffer? Lease()
    {
        if (!_free.TryPop(out Buffer? buffer))
        {
            return null;
        }

        buffer.IsFree = false;
        return buffer;
    }

    public Task RunAsync(IReadOnlyList<IPieceBuffer> pieces, IReadOnlyList<int> stems, CancellationToken cancellationToken)
    {
        _running.RemoveAll(t => t.IsCompleted);
        Assert(pieces.Count >= 1 && pieces.Count <= piecesPerRun, $"{pieces.Count} pieces in a run");
        Assert(_running.Count < runsAtOnce, $"{_running.Count + 1} runs at a time");
        Assert(pieces.Distinct().Count() == pieces.Count && pieces.All(p => p is Buffer { IsFree: false, IsRunning: false }), "a piece that is not leased, or runs already");
        int number = Runs.Count;
        Runs.Add(pieces.Count);
        Task run = Aside(number, [.. pieces.Cast<Buffer>()], stems, _last, cancellationToken);
        _last = run;
        _running.Add(run);
        return run;
    }

    public void Dispose()
    {
        Task.WhenAll(_running).ContinueWith(_ => { }, TaskScheduler.Default).Wait();
        IsDisposed = true;
    }

    private async Task Aside(int number, Buffer[] pieces, IReadOnlyList<int> stems, Task before, CancellationToken cancellationToken)
    {
        Array.ForEach(pieces, p => p.IsRunning = true);
        await Task.Run(() => Array.ForEach(pieces, p => p.Run(stems, IsFinite(number))), CancellationToken.None);
        await before.ContinueWith(_ => { }, TaskScheduler.Default);
        Array.ForEach(pieces, p => p.IsRunning = false);
        cancellationToken.ThrowIfCancellationRequested();
        if (Failure(number) is { } failure)
        {
            throw failure;
        }
    }

    private static void Assert(bool condition, string what)
    {
        if (!condition)
        {
            throw new UnreachableException(what);
        }
    }

    private sealed class Buffer(BatchedEngine owner, int samples) : IPieceBuffer
    {
        private readonly float[][] _mix = [new float[samples], new float[samples]];
        private readonly Dictionary<int, float[][]> _stems = [];

        public bool IsFree { get; set; } = true;

        public bool IsRunning { get; set; }

        public int Samples => samples;

        public IWorkers? Workers => null;

        public Span<float> Input(int channel) => _mix[channel];

        public Span<float> Output(int stem, int channel) => _stems[stem][channel];

        public void Run(IReadOnlyList<int> stems, bool finite)
        {
            _stems.Clear();
            foreach (int stem in stems)
            {
                _stems.Add(stem, [.. _mix.Select(channel => channel.Select((x, i) => finite ? (float)FakeEngine.Bent(stem, x, (double)i / samples) : float.NaN).ToArray())]);
            }

            // The mix is dead after a run.
            Array.ForEach(_mix, channel => Array.Fill(channel, float.NaN));
        }

        public void Dispose()
        {
            Assert(!IsRunning, "given back while it runs");
            if (!IsFree)
            {
                IsFree = true;
                owner._free.Push(this);
            }
        }
    }
}
