using Stemsharp.Audio;
using Stemsharp.Inference;

namespace Stemsharp;

/// <summary>Hands each stem to a writer of its own.</summary>
/// <param name="open">Opens the writer of a stem.</param>
internal sealed class WriterSink(Func<SeparationInfo, string, IAudioWriter> open) : IFinishingSink, IDisposable
{
    private readonly List<IAudioWriter> _writers = [];
    private float[] _interleaved = [];

    public void Begin(SeparationInfo info)
    {
        foreach (string stem in info.Stems)
        {
            IAudioWriter writer = open(info, stem);
            _writers.Add(writer);
            OptionException.Require(
                (writer.SampleRate, writer.Channels) == (info.SampleRate, info.Channels),
                $"The writer of {stem} takes {writer.SampleRate} Hz and {writer.Channels} channels; the stems have {info.SampleRate} Hz and {info.Channels}.");
        }
    }

    public void Write(StemBlock block)
    {
        int length = block.Length * block.Info.Channels;
        if (_interleaved.Length < length)
        {
            _interleaved = new float[length];
        }

        for (int stem = 0; stem < _writers.Count; stem++)
        {
            block.CopyStemInterleaved(stem, _interleaved);
            _writers[stem].Write(_interleaved.AsSpan(0, length));
        }
    }

    public void Finish(IWorkers workers) => _writers.ForEach(writer => writer.Complete());

    public void Dispose() => _writers.ForEach(writer => writer.Dispose());
}
