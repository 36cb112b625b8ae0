using Stemsharp.Checkpoints;
using Stemsharp.Model;
using Xunit;

namespace Stemsharp.Tests.Model;

public class CheckpointWeightsTests
{
    [Fact]
    public void Missing_surplus_and_misshaped_tensors_are_reported_together()
    {
        using Checkpoint tiny = Checkpoint.Open(RepositoryFiles.Golden("tiny4", "tiny4-cf67fb40.th"));
        CheckpointNetwork network = FamilyTable.All.Read(tiny);
        AlteredCheckpoint altered = new(tiny, tensors =>
        {
            tensors.Remove("encoder.0.conv.weight");
            tensors["encoder.1.conv.bias"] = new SyntheticTensor("encoder.1.conv.bias", [17]);
            tensors["extra.weight"] = new SyntheticTensor("extra.weight", [1]);
        });
        ModelException e = Assert.Throws<ModelException>(() => Bind(altered, network));
        Assert.Contains("1 missing: encoder.0.conv.weight [8, 4, 8, 1]", e.Message, StringComparison.Ordinal);
        Assert.Contains("1 of the wrong shape or type: encoder.1.conv.bias is [17] instead of [16]", e.Message, StringComparison.Ordinal);
        Assert.Contains("1 not part of the model: extra.weight", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_models_config_does_not_fit()
    {
        using Checkpoint tiny = Checkpoint.Open(RepositoryFiles.Golden("tiny4", "tiny4-cf67fb40.th"));
        ModelException e = Assert.Throws<ModelException>(() => Bind(tiny, Network(tiny, "bottom_channels", 0L)));
        Assert.Contains("not part of the model: channel_upsampler.weight", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("crosstransformer.layers.1.norm3.weight", true, false)]
    [InlineData("crosstransformer.layers_t.3.norm3.bias", true, false)]
    [InlineData("crosstransformer.layers.1.norm3.weight", false, true)]
    public void Tensors_that_the_original_never_uses_may_be_left_over(string name, bool postNorm, bool refused)
    {
        using Checkpoint tiny = Checkpoint.Open(RepositoryFiles.Golden("tiny4", "tiny4-cf67fb40.th"));
        CheckpointNetwork network = Network(tiny, "t_norm_first", !postNorm);
        // A post-norm model has no norm_out; its cross layers keep a norm3 that nothing reads.
        AlteredCheckpoint altered = new(tiny, tensors =>
        {
            foreach (string key in tensors.Keys.Where(k => postNorm && (k.Contains("norm_out") || k.Contains("norm3"))).ToList())
            {
                tensors.Remove(key);
            }

            tensors[refused ? name.Replace("norm3", "norm4", StringComparison.Ordinal) : name] = new SyntheticTensor(name, [64]);
        });
        if (refused)
        {
            Assert.Throws<ModelException>(() => Bind(altered, network));
        }
        else
        {
            Bind(altered, network);
        }
    }

    private static void Bind(Checkpoint checkpoint, CheckpointNetwork network) =>
        _ = new CheckpointWeights(checkpoint, network, network.Record(network.Definition.Cut.Samples));

    /// <summary>The network of a checkpoint's arguments with another one in place.</summary>
    private static CheckpointNetwork Network(Checkpoint checkpoint, string argument, object value)
    {
        Dictionary<string, object?> arguments = new(checkpoint.Arguments!) { [argument] = value };
        return FamilyTable.All.Read(new SyntheticCheckpoint("other", checkpoint.ClassName, arguments));
    }

    private sealed class AlteredCheckpoint : Checkpoint
    {
        private readonly Dictionary<string, StoredTensor> _tensors;

        public AlteredCheckpoint(Checkpoint original, Action<Dictionary<string, StoredTensor>> alter)
        {
            _tensors = original.Tensors.ToDictionary(t => t.Name);
            alter(_tensors);
            Tensors = [.. _tensors.Select(t => t.Value.Name == t.Key ? t.Value : new SyntheticTensor(t.Key, t.Value.Shape))];
        }

        public override string Name => "altered.th";

        public override string Signature => "altered";

        public override string? Sha256 => null;

        public override IReadOnlyDictionary<string, object?>? Arguments => null;

        public override IReadOnlyList<StoredTensor> Tensors { get; }

        public override StoredTensor? Find(string name, IReadOnlyList<int> shape) => _tensors.GetValueOrDefault(name);

        public override void Dispose() { }
    }
}
