using System.Globalization;
using Stemsharp.Checkpoints.Onnx;
using Stemsharp.Inference;
using Stemsharp.Signal;

namespace Stemsharp.Model.MDXNet;

/// <summary>An MDX-Net that lies in an ONNX file.</summary>
internal sealed class MDXNetNetwork : CheckpointNetwork
{
    private readonly MDXNetConfig _config;
    private readonly ImportedGraph _imported;

    /// <param name="config">What was read.</param>
    /// <param name="graph">The file's graph.</param>
    /// <param name="family">The entry of the table.</param>
    /// <param name="place">Where the file is.</param>
    /// <exception cref="ModelException">The graph has an operator that no such network has.</exception>
    public MDXNetNetwork(MDXNetConfig config, OnnxGraph graph, Family family, CheckpointPlace place)
        : base(Define(config), family, place)
    {
        _config = config;

        // What cannot be run is told when the file is opened. There is one length, and so one graph.
        _imported = ImportedGraph.Of(graph, config, Signature);
    }

    public override IReadOnlyDictionary<string, object?> Arguments => new Dictionary<string, object?>(StringComparer.Ordinal)
    {
        ["n_fft"] = (long)_config.Nfft,
        ["primary_stem"] = _config.PrimaryStem,
        ["compensate"] = _config.Compensate,
        ["denoise"] = _config.Denoise,
        ["dim_f"] = (long)_config.Bins,
        ["dim_t"] = (long)_config.Frames,
    };

    public override IReadOnlyDictionary<string, object?> SavedArguments => Arguments;

    public override string? WhyNotSaved => "its graph is in the .onnx file and would be lost. Copy the file as it is.";

    public override IEnumerable<string> UnknownArguments(IReadOnlyDictionary<string, object?> arguments) => [];

    // Parameters come from outside of the file.
    internal override string ComputeFingerprint() =>
        string.Create(CultureInfo.InvariantCulture, $"{base.ComputeFingerprint()} n_fft={_config.Nfft} compensate={_config.Compensate} denoise={_config.Denoise}");

    internal override bool IsOfOneLength => true;

    internal override Graph.Graph Record(int samples) => samples == _config.Samples
        ? _imported.Graph
        : throw new ModelException($"{Signature} takes pieces of {_config.Samples} samples, for which its graph was made, and no others; {samples} were asked for.");

    internal override INetworkWeights OpenWeights(Graph.Graph graph)
    {
        OnnxCheckpoint checkpoint = (OnnxCheckpoint)OpenCheckpoint();
        try
        {
            return new ImportedWeights(checkpoint, _imported.Recipes);
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }

    private static NetworkDefinition Define(MDXNetConfig config) => new()
    {
        Stems = [config.Stem],
        Complement = config.Complement,
        SampleRate = 44_100,
        Channels = 2,
        Inputs = [ImportedGraph.SpectrogramInput],
        Outputs = [ImportedGraph.SpectrogramOutput],

        // UVR's own cut: pieces overlap by a frame of the transform, half of which lies before the track.
        Cut = new PieceCut
        {
            Samples = config.Samples,
            Lengths = NetworkLengths.Only(config.Samples),
            Window = PieceWindow.Whole,
            Fill = PieceFill.Zeros,
            Border = TrackBorder.Zeros,
            BorderSamples = config.Nfft / 2,
            StepNumerator = config.Samples > config.Nfft
                ? config.Samples - config.Nfft
                : throw new ModelException($"A piece of {config.Frames} frames has {config.Samples} samples, not more than an n_fft of {config.Nfft}. Check n_fft."),
            StepDenominator = config.Samples,
            Fade = PieceFade.Hann,
        },
        Transform = new TransformDefinition
        {
            Nfft = config.Nfft,
            Hop = MDXNetConfig.Hop,
            Bins = config.Bins,
            Window = TransformWindow.Hann,
            Envelope = TransformEnvelope.Real,
            Output = TransformOutput.WholeHops,
        },
    };
}
