using Stemsharp.Checkpoints;
using Stemsharp.Checkpoints.Onnx;

namespace Stemsharp.Model.MDXNet;

/// <summary>
/// MDX-Net (Kim et al., "KUIELab-MDX-Net: A Two-Stream Neural Network for Music Demixing", 2021): a U-net over a spectrogram, published as
/// ONNX files. A file's own graph is taken over, operator by operator, so that a network of any depth and width is one of ours.
/// </summary>
internal sealed class MDXNetFamily : Family
{
    public override string Name => "MDX-Net";

    public override string ClassName => "src.models.mdxnet.ConvTDFNet";

    public override bool ReadsGraphs => true;

    // How the files that people have are called.
    private static readonly string[] s_prefixes = ["UVR-MDX-NET", "UVR_MDXNET", "Kim_Vocal_", "Kim_Inst", "kuielab_", "Reverb_HQ"];

    public override IReadOnlyList<string> ArgumentNames => [.. MDXNetConfigReader.Names];

    public override bool HasItsTensors(Checkpoint checkpoint) => true;

    public override string? PublishedFile(string model)
    {
        const string Extension = ".onnx";
        if (Path.GetFileName(model) != model || !s_prefixes.Any(p => model.StartsWith(p, StringComparison.OrdinalIgnoreCase)))
        {
            return null;
        }

        string name = model.EndsWith(Extension, StringComparison.OrdinalIgnoreCase) ? model[..^Extension.Length] : model;
        return (PublishedParameters.ByEndHash.Values.FirstOrDefault(p => name.Equals(p.Name, StringComparison.OrdinalIgnoreCase))?.Name ?? name) + Extension;
    }

    public override CheckpointNetwork Read(Checkpoint checkpoint, CheckpointPlace place)
    {
        OnnxCheckpoint file = (OnnxCheckpoint)checkpoint;
        MDXNetConfig config = MDXNetConfigReader.Read(file);
        return new MDXNetNetwork(config, file.Graph, this, place);
    }
}
