using Google.Protobuf;
using Stemsharp.Export.CoreML;
using Stemsharp.Export.CoreML.Reading;
using Stemsharp.Export.CoreML.Schema;
using Stemsharp.Inference;
using Stemsharp.Model;
using Stemsharp.Tests;
using Xunit;
using MlModel = Stemsharp.Export.CoreML.Schema.Model;

namespace Stemsharp.Export.Tests.CoreML;

/// <summary>
/// Packages against the table of what Apple's tools take. Each fault that these tools once refused a package for is put
/// back and has to be seen.
/// </summary>
public class TypeTableTests
{
    [Theory]
    [InlineData(CoreMLTarget.IOS16)]
    [InlineData(CoreMLTarget.IOS17)]
    [InlineData(CoreMLTarget.IOS18)]
    public void Every_precision_and_palette_passes(CoreMLTarget target)
    {
        foreach (string model in (string[])[RepositoryFiles.Golden("tiny4", "tiny4-cf67fb40.th"), RepositoryFiles.Golden("mixed-storage", "mixed-7b6ab67f.th")])
        {
            TestNetwork network = TestNetwork.Open(model);
            foreach (CoreMLExportOptions options in Matrix(target))
            {
                using TemporaryPackage package = network.Export(options);
                Package.Open(package.Path).Dispose();
            }
        }
    }

    // Without palettes PackageShapeTests has them all.
    [Theory]
    [InlineData(CoreMLTarget.IOS16)]
    [InlineData(CoreMLTarget.IOS17)]
    [InlineData(CoreMLTarget.IOS18)]
    public void Official_networks_in_palettes_pass_as_well(CoreMLTarget target)
    {
        int group = target >= CoreMLTarget.IOS18 ? 32 : 0;
        foreach ((string model, CoreMLExportOptions options) in ((string, CoreMLExportOptions)[])
        [
            ("synthetic:htdemucs", new() { PaletteBits = 8 }), ("synthetic:htdemucs_6s", new() { PaletteBits = 6, PaletteGroup = group }),
            ("synthetic:htdemucs_6s", new() { PaletteBits = 4, Precision = CoreMLPrecision.Float32 }),
        ])
        {
            using TemporaryPackage package = new();
            Network network = FamilyTable.All.Open(model);
            NetworkDefinition definition = network.Definition;
            int samples = definition.Cut.Samples;
            PackageWriter.Write(package.Path, definition, network.Record(samples), samples, new Zeros(), new PackageSource(network.Family, "zeros"), options with { Target = target });
            Package.Open(package.Path).Dispose();
        }
    }

    [Theory]
    [InlineData(CoreMLTarget.IOS17)]
    [InlineData(CoreMLTarget.IOS18)]
    public void Norms_whose_epsilon_has_another_type_than_gamma_and_beta(CoreMLTarget target)
    {
        using TemporaryPackage package = Tiny().Export(new CoreMLExportOptions { Target = target });
        Refused(package, "gamma is Float32 and epsilon is Float16", (model, block) =>
        {
            Operation norm = block.Operations.First(o => o.Type == "layer_norm" && o.Inputs.ContainsKey("gamma"));
            Operation epsilon = block.Operations.First(o => o.Outputs[0].Name == norm.Inputs["epsilon"].Arguments[0].Name).Clone();
            epsilon.Outputs[0].Name = "other_epsilon";
            epsilon.Outputs[0].Type.TensorType.DataType = epsilon.Attributes["val"].Type.TensorType.DataType = DataType.Float16;
            epsilon.Attributes["val"].ImmediateValue.Tensor = new TensorValue { Bytes = new RepeatedBytes { Values = ByteString.CopyFrom(0xA8, 0) } };
            block.Operations.Insert(block.Operations.IndexOf(norm), epsilon);
            norm.Inputs["epsilon"].Arguments[0].Name = "other_epsilon";
        });
    }

    [Fact]
    public void Palettes_of_a_transposed_convolution_along_its_input_channels()
    {
        using TemporaryPackage package = Tiny().Export(new CoreMLExportOptions { Target = CoreMLTarget.IOS18, PaletteBits = 6, PaletteGroup = 8 });
        Refused(package, "palettes along axis 0; output channels are axis 1", (model, block) =>
        {
            TensorType table = Palette(block, "conv_transpose").Inputs["lut"].Arguments[0].Value.Type.TensorType;
            (table.Dimensions[0].Constant.Size, table.Dimensions[1].Constant.Size) = (table.Dimensions[1].Constant.Size, table.Dimensions[0].Constant.Size);
        });
    }

    [Fact]
    public void One_palette_for_a_weight_in_a_package_of_grouped_palettes()
    {
        using TemporaryPackage package = Tiny().Export(new CoreMLExportOptions { Target = CoreMLTarget.IOS18, PaletteBits = 6 });
        Refused(package, "and the package says 8 channels to a palette", (model, block) => model.Description.Metadata.UserDefined["com.stemsharp.palette_group"] = "8");
    }

    [Fact]
    public void Palettes_as_older_operation_sets_write_them()
    {
        using TemporaryPackage package = Tiny().Export(new CoreMLExportOptions { Target = CoreMLTarget.IOS18, PaletteBits = 6 });
        Refused(package, "is an attribute; in CoreML8 it is an input", (model, block) =>
        {
            Operation palette = Palette(block, "conv");
            palette.Attributes.Add("lut", palette.Inputs["lut"].Arguments[0].Value);
            palette.Inputs.Remove("lut");
        });
    }

    [Fact]
    public void A_weight_that_is_computed_where_it_has_to_be_constant()
    {
        using TemporaryPackage package = Tiny().Export(new CoreMLExportOptions());
        Refused(package, "weight has to be a constant", (model, block) =>
            block.Operations.First(o => o.Type == "linear").Inputs["weight"].Arguments[0].Name = block.Operations.First(o => o.Type == "reshape").Outputs[0].Name);
    }

    [Fact]
    public void Channels_that_do_not_divide_keep_their_weights()
    {
        // A group of 64 output channels fits the widest layers alone.
        Dictionary<string, int> whole = Palettes(new CoreMLExportOptions { Target = CoreMLTarget.IOS18, PaletteBits = 6, PaletteKeep = ["nothing"] });
        Dictionary<string, int> grouped = Palettes(new CoreMLExportOptions { Target = CoreMLTarget.IOS18, PaletteBits = 6, PaletteGroup = 64, PaletteKeep = ["nothing"] });
        Assert.InRange(grouped.Count, 1, whole.Count - 1);
        Assert.All(whole.Values, groups => Assert.Equal(1, groups));
    }

    [Fact]
    public void The_last_decoders_keep_their_weights_unless_asked_otherwise()
    {
        CoreMLExportOptions options = new() { PaletteBits = 6 };
        TestNetwork network = TestNetwork.Open(RepositoryFiles.DemoModel);
        Assert.DoesNotContain(Palettes(options, network).Keys, IsLast);
        Assert.Contains(Palettes(options with { PaletteKeep = ["nothing"] }, network).Keys, IsLast);

        static bool IsLast(string name) => name.StartsWith("decoder_3_", StringComparison.Ordinal) || name.StartsWith("tdecoder_2_", StringComparison.Ordinal);
    }

    [Fact]
    public void The_reader_knows_no_operation_or_parameter_that_the_table_lacks()
    {
        foreach ((string type, OperationRule rule) in OperationRules.All)
        {
            IReadOnlyList<OperationInput> inputs = OperationTypes.Of(type, "CoreML8");
            Assert.All(rule.Parameters, name => Assert.Contains(inputs, i => i.Name == name));
            Assert.All(inputs.Where(i => !i.Optional), i => Assert.Contains(i.Name, rule.Parameters));
        }
    }

    private static IEnumerable<CoreMLExportOptions> Matrix(CoreMLTarget target)
    {
        CoreMLExportOptions options = new() { Target = target };
        foreach (CoreMLPrecision precision in Enum.GetValues<CoreMLPrecision>())
        {
            yield return options with { Precision = precision };
            foreach (int bits in (int[])[8, 6, 4])
            {
                yield return options with { Precision = precision, PaletteBits = bits };
            }

            if (target >= CoreMLTarget.IOS18)
            {
                yield return options with { Precision = precision, PaletteBits = 6, PaletteGroup = 16 };
            }
        }
    }

    // Palettes of each palettized weight, by the operation that uses it.
    private static Dictionary<string, int> Palettes(CoreMLExportOptions options, TestNetwork? network = null)
    {
        using TemporaryPackage temporary = (network ?? Tiny()).Export(options);
        using Package package = Package.Open(temporary.Path);
        Dictionary<string, int> groups = package.Model.Operations.Where(o => o.Type == "constexpr_lut_to_dense")
            .ToDictionary(o => o.Name, o => PaletteRules.Parts(o, package.Model.Opset).Groups.Aggregate(1, (n, g) => n * g));
        return package.Model.Operations
            .Where(o => o.Inputs.TryGetValue("weight", out IReadOnlyList<ParameterBinding>? weight) && groups.ContainsKey(weight[0].Name!))
            .ToDictionary(o => o.Name, o => groups[o.Inputs["weight"][0].Name!]);
    }

    private static Operation Palette(Block block, string user)
    {
        HashSet<string> weights = [.. block.Operations.Where(o => o.Type == user).Select(o => o.Inputs["weight"].Arguments[0].Name)];
        return block.Operations.First(o => o.Type == "constexpr_lut_to_dense" && weights.Contains(o.Outputs[0].Name));
    }

    private static void Refused(TemporaryPackage package, string text, Action<MlModel, Block> damage)
    {
        Package.Open(package.Path).Dispose();
        MlModel model = MlModel.Parser.ParseFrom(File.ReadAllBytes(package.Model));
        damage(model, model.MlProgram.Functions["main"].BlockSpecializations.Values.Single());
        File.WriteAllBytes(package.Model, model.ToByteArray());
        Assert.Contains(text, Assert.Throws<ModelException>(() => Package.Open(package.Path)).Message, StringComparison.Ordinal);
    }

    private static TestNetwork Tiny() => TestNetwork.Open(RepositoryFiles.Golden("tiny4", "tiny4-cf67fb40.th"));
}
