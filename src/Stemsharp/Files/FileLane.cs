using System.Runtime.CompilerServices;
using Stemsharp.Audio;
using Stemsharp.Separation;

namespace Stemsharp.Files;

/// <summary>
/// One file of a plan on its way. Where its gain depends on the whole song it is written at gain 1 all the same, while its samples
/// wait in a plane of the spool: only a file that needs another gain is written again.
/// </summary>
/// <param name="plan">All files.</param>
/// <param name="index">This one.</param>
/// <param name="waiting">Its samples that wait, or will wait where they are a <see cref="SpoolPlane"/>; null where nothing waits.</param>
/// <param name="cancellationToken">Ends an encoder, and writing again.</param>
internal sealed class FileLane(FilePlan plan, int index, IWaitingSamples? waiting, CancellationToken cancellationToken) : IDisposable
{
    private const int BlockFrames = 1 << 14;
    private readonly PlannedFile _file = plan.Files[index];
    private readonly float[] _block = new float[SeparatedBlock.Capacity * plan.Channels];
    private IStagedWriter? _writer;

    /// <summary>Its samples that wait.</summary>
    public IWaitingSamples? Waiting => waiting;

    /// <summary>Makes the file under its temporary name.</summary>
    public IStagedWriter Open()
    {
        EncodingOptions encoding = plan.OutputRate == plan.SampleRate ? _file.Encoding : _file.Encoding with { SampleRate = null, Length = null };
        return _writer = AudioFiles.CreateStaged(_file.Path, plan.OutputRate, plan.Channels, encoding, cancellationToken);
    }

    /// <summary>Takes over a file that was made elsewhere.</summary>
    public void Adopt(IStagedWriter writer) => _writer = writer;

    /// <summary>No more samples will come.</summary>
    public void End() => (waiting as SpoolPlane)?.End();

    /// <summary>Takes the next stretch of the song.</summary>
    public void Write(SeparatedBlock block)
    {
        Span<float> samples = _block.AsSpan(0, block.Length * plan.Channels);
        _file.Mixdown.Mix(block, samples);
        (waiting as SpoolPlane)?.Write(samples);
        if (_writer is null)
        {
            return;
        }

        if (waiting is not null && Clipping.RescaleGain(waiting.Peak) != 1)
        {
            // Everything has to be written again: no more of this.
            Drop();
            return;
        }

        Clipping.Apply(samples, plan.ClipMode);
        _writer.Write(samples);
    }

    /// <summary>Writes what is left, and everything again where the gain is another than 1.</summary>
    /// <param name="gain">What samples are multiplied by.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public SavedStem Finish(float gain)
    {
        if (gain != 1)
        {
            Drop();
        }

        if (_writer is null)
        {
            Open();
            float[] block = new float[BlockFrames * plan.Channels];
            for (int read; (read = waiting!.Read(block)) > 0;)
            {
                cancellationToken.ThrowIfCancellationRequested();
                Clipping.Apply(block.AsSpan(0, read), plan.ClipMode, gain);
                _writer!.Write(block.AsSpan(0, read));
            }
        }

        return Finished(gain);
    }

    /// <summary>Writes what is left of a file whose samples came from elsewhere.</summary>
    /// <param name="gain">What they were multiplied by, for the report.</param>
    public SavedStem Finished(float gain)
    {
        _writer!.Finish();
        return new SavedStem(_file.Mixdown.Name, _file.Path, gain, _writer.ClippedSamples);
    }

    /// <summary>Gives the file its name.</summary>
    public void Commit() => _writer?.Commit();

    /// <summary>Takes the name back where it was given.</summary>
    public void Undo() => _writer?.Undo();

    public void Dispose() => Drop();

    private void Drop()
    {
        _writer?.Dispose();
        _writer = null;
    }
}
