using System.Buffers.Binary;
using Google.Protobuf;
using Stemsharp.Export.CoreML;
using Stemsharp.Export.CoreML.Reading;
using Stemsharp.Export.CoreML.Schema;
using Stemsharp.Tests;
using Xunit;
using Literal = Stemsharp.Export.CoreML.Schema.Literal;
using MlModel = Stemsharp.Export.CoreML.Schema.Model;

namespace Stemsharp.Export.Tests.CoreML;

/// <summary>Every kind of damage is refused, and the message names the place.</summary>
public class DamagedPackageTests
{
    [Fact]
    public void A_sound_package_opens()
    {
        using TemporaryPackage package = Export();
        Package.Open(package.Path).Dispose();
    }

    [Fact]
    public void Wrong_offset()
    {
        Refused("no weights start at 128", (m, p) => Constant(m).BlobFileValue.Offset = 128, "const \"");
        Refused("no multiple of 64", (m, p) => Constant(m).BlobFileValue.Offset += 8, "const \"");
        Refused("outside of the file", (m, p) => Constant(m).BlobFileValue.Offset = 1ul << 40, "const \"");
    }

    [Fact]
    public void Wrong_type_or_shape()
    {
        Refused("type code", (m, p) =>
        {
            Operation constant = ConstantOperation(m);
            constant.Outputs[0].Type.TensorType.DataType = constant.Attributes["val"].Type.TensorType.DataType = DataType.Uint8;
        }, "const \"");
        Refused("is declared as", (m, p) => First(m, "conv").Outputs[0].Type.TensorType.Dimensions[1].Constant.Size++, "conv \"tencoder_0_conv\"");
        Refused("is declared as", (m, p) => First(m, "gelu").Outputs[0].Type.TensorType.DataType = DataType.Float16, "gelu \"");
        Refused("x is Float32 and y is Float16", (m, p) => ((Action<NamedValueType>)(o => o.Type.TensorType.DataType = DataType.Float16))(Retyped(m)), "operation ");
        Refused("described as", (m, p) => m.Description.Output[0].Type.MultiArrayType.Shape[1]++, "output 0");
        Refused(" bytes, and ", (m, p) =>
        {
            Operation constant = ConstantOperation(m);
            constant.Outputs[0].Type.TensorType.Dimensions[0].Constant.Size++;
            constant.Attributes["val"].Type.TensorType.Dimensions[0].Constant.Size++;
        }, "const \"");
        Refused("does not fit", (m, p) => First(m, "linear").Inputs["weight"] = First(m, "linear").Inputs["bias"], "operation linear \"");
        Refused("one value is needed", (m, p) =>
        {
            Operation axis = Defining(m, First(m, "split").Inputs["axis"]);
            axis.Outputs[0].Type = axis.Attributes["val"].Type = Defining(m, First(m, "transpose").Inputs["perm"]).Outputs[0].Type;
            axis.Attributes["val"].ImmediateValue = Defining(m, First(m, "transpose").Inputs["perm"]).Attributes["val"].ImmediateValue;
        }, "operation ");
    }

    [Fact]
    public void Wrong_name()
    {
        Refused("which is not defined before it", (m, p) => First(m, "conv").Inputs["x"].Arguments[0].Name = "nothing", "conv \"tencoder_0_conv\"");
        Refused("is no identifier", (m, p) => First(m, "conv").Outputs[0].Name = "a-b", "operation conv");
        Refused("is defined twice", (m, p) => First(m, "gelu").Outputs[0].Name = "waveform", "operation gelu");
        Refused("described as \"stems\"", (m, p) => m.Description.Output[0].Name = "stems", "output 0");
        Refused("described as \"mix\"", (m, p) => m.Description.Input[1].Name = "mix", "input 1");
        Refused("which nothing computes", (m, p) => Block(m).Outputs[0] = "other", "the block returns");
        Refused("there is no such operation", (m, p) => First(m, "gelu").Type = "geru", "operation geru");
        Refused("this reader does not know it", (m, p) => First(m, "sigmoid").Type = "exp", "operation exp");
        Refused("is a word of the language", (m, p) => First(m, "gelu").Outputs[0].Name = "tensor", "operation gelu");
        Refused("its parameter weight is missing", (m, p) => First(m, "conv").Inputs.Remove("weight"), "operation conv");
        Refused("has no parameter wight", (m, p) => First(m, "conv").Inputs.Add("wight", First(m, "conv").Inputs["weight"]), "operation conv");
    }

    [Fact]
    public void Truncated_or_altered_weights()
    {
        Refused("weight.bin", (m, p) =>
        {
            using FileStream file = File.OpenWrite(p.WeightFile);
            file.SetLength(file.Length - 10);
        }, "the file ends at");
        Refused("weight.bin", (m, p) => Alter(p.WeightFile, 0, 1_000_000), "outside of the file");
        Refused("weight.bin", (m, p) => Alter(p.WeightFile, 64 + 8, 12), "");
        Refused("weight.bin", (m, p) => File.WriteAllBytes(p.WeightFile, new byte[10]), "fewer than its header");
        Refused("weight.bin", (m, p) => File.Delete(p.WeightFile), "");
    }

    [Fact]
    public void Wrong_manifest_or_version()
    {
        Refused("Manifest.json", (m, p) => File.WriteAllText(p.Manifest, "{"), "");
        Refused("Manifest.json", (m, p) => File.WriteAllText(p.Manifest, File.ReadAllText(p.Manifest).Replace("com.apple.CoreML/weights", "../../weights", StringComparison.Ordinal)), "leaves the package");
        Refused("CoreML7 needs 8", (m, p) => m.SpecificationVersion = 9, "specification version");
        Refused("model.mlmodel", (m, p) => { }, "", bytes => bytes[..(bytes.Length / 2)]);
    }

    [Fact]
    public void No_flipped_byte_of_the_program_does_harm()
    {
        using TemporaryPackage package = Export();
        byte[] sound = File.ReadAllBytes(package.Model);
        Random random = new(5);
        for (int i = 0; i < 300; i++)
        {
            byte[] bytes = [.. sound];
            bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
            File.WriteAllBytes(package.Model, bytes);
            // Either it is still a program, or it is refused in our own words.
            Exception? problem = Record.Exception(() => Package.Open(package.Path).Dispose());
            if (problem is not null)
            {
                Assert.IsType<ModelException>(problem);
            }
        }
    }

    private static readonly Lazy<(byte[] Manifest, byte[] Model, byte[] Weights)> Sound = new(() =>
    {
        using TemporaryPackage package = TestNetwork.Open(RepositoryFiles.Golden("tiny4", "tiny4-cf67fb40.th")).Export(new CoreMLExportOptions { Precision = CoreMLPrecision.Float32 });
        return (File.ReadAllBytes(package.Manifest), File.ReadAllBytes(package.Model), File.ReadAllBytes(package.WeightFile));
    });

    private static TemporaryPackage Export()
    {
        TemporaryPackage package = new();
        Directory.CreateDirectory(Path.GetDirectoryName(package.WeightFile)!);
        File.WriteAllBytes(package.Manifest, Sound.Value.Manifest);
        File.WriteAllBytes(package.Model, Sound.Value.Model);
        File.WriteAllBytes(package.WeightFile, Sound.Value.Weights);
        return package;
    }

    private static void Refused(string text, Action<MlModel, TemporaryPackage> damage, string place, Func<byte[], byte[]>? cut = null)
    {
        using TemporaryPackage package = Export();
        MlModel model = MlModel.Parser.ParseFrom(File.ReadAllBytes(package.Model));
        damage(model, package);
        using MemoryStream stream = new();
        using (CodedOutputStream output = new(stream, leaveOpen: true))
        {
            model.WriteTo(output);
        }

        File.WriteAllBytes(package.Model, cut is null ? stream.ToArray() : cut(stream.ToArray()));
        ModelException refusal = Assert.Throws<ModelException>(() => Package.Open(package.Path));
        Assert.Contains(text, refusal.Message, StringComparison.Ordinal);
        Assert.Contains(place, refusal.Message, StringComparison.Ordinal);
    }

    private static Block Block(MlModel model) => model.MlProgram.Functions["main"].BlockSpecializations["CoreML7"];

    private static Operation First(MlModel model, string type) => Block(model).Operations.First(o => o.Type == type);

    private static Operation Defining(MlModel model, Argument argument) => Block(model).Operations.First(o => o.Outputs[0].Name == argument.Arguments[0].Name);

    private static Operation ConstantOperation(MlModel model) => Block(model).Operations.First(o => o.Type == "const" && o.Attributes["val"].BlobFileValue is not null);

    private static Literal Constant(MlModel model) => ConstantOperation(model).Attributes["val"];

    // The first scalar epsilon of an addition, declared and stored as half.
    private static NamedValueType Retyped(MlModel model)
    {
        Operation add = Block(model).Operations.First(o => o.Type == "add");
        Operation constant = Block(model).Operations.First(o => o.Outputs.Any(r => r.Name == add.Inputs["y"].Arguments[0].Name));
        Literal literal = constant.Attributes["val"];
        literal.Type.TensorType.DataType = DataType.Float16;
        literal.ImmediateValue.Tensor = new TensorValue { Bytes = new RepeatedBytes { Values = Google.Protobuf.ByteString.CopyFrom(0xA8, 0) } };
        return constant.Outputs[0];
    }

    private static void Alter(string path, int offset, int value)
    {
        byte[] bytes = File.ReadAllBytes(path);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(offset), value);
        File.WriteAllBytes(path, bytes);
    }
}
