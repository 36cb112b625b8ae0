using Stemsharp.Export.CoreML.Reading;
using Stemsharp.Inference;

namespace Stemsharp.Export.CoreML.Interpretation;

/// <summary>Runs an .mlpackage in the interpreter: slow, but what the package says, on any system.</summary>
internal sealed class PackageEngine : ISegmentEngine
{
    private readonly ProgramInterpreter _interpreter;

    public PackageEngine(string path)
    {
        using Package package = Package.Open(path);
        PackageModel model = package.Model;
        if (model.Inputs is not [{ Name: "spectrogram", Spec.Rank: 4 } spectrogram, { Name: "waveform", Spec.Rank: 3 } waveform]
            || model.Outputs is not [{ Name: "spectrograms", Spec.Rank: 5 } spectrograms, { Name: "waveforms", Spec.Rank: 4 }])
        {
            throw new ModelException($"{path} is not a separator's package: its inputs are not spectrogram and waveform, or its outputs not spectrograms and waveforms.");
        }

        Shape = new SegmentShape(spectrograms.Spec.Shape[1], waveform.Spec.Shape[1], spectrogram.Spec.Shape[2], spectrogram.Spec.Shape[3], waveform.Spec.Shape[2]);
        _interpreter = new ProgramInterpreter(package);
    }

    public SegmentShape Shape { get; }

    public string Description => "CoreML package, interpreted";

    public void Run(ReadOnlySpan<float> spectrogram, ReadOnlySpan<float> waveform, Span<float> spectrograms, Span<float> waveforms, CancellationToken cancellationToken)
    {
        float[][] results = _interpreter.Run([spectrogram.ToArray(), waveform.ToArray()], null, cancellationToken);
        results[0].CopyTo(spectrograms);
        results[1].CopyTo(waveforms);
    }

    public void Dispose()
    {
    }
}
