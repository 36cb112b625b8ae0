using System.Text;
using Stemsharp.Checkpoints;
using Stemsharp.Model;
using Xunit;

namespace Stemsharp.Tests.Checkpoints;

/// <summary>Files made to harm or confuse: each gives one clear error.</summary>
public sealed class HostileCheckpointTests
{
    private static readonly Action<PickleBuilder> OneTensor = p => p.Text("w").Tensor("FloatStorage", "0", 4, 0, [2, 2], [2, 1]);

    public static TheoryData<string, string> Pickles
    {
        get
        {
            TheoryData<string, string> data = [];
            foreach (string name in PickleCases.Keys)
            {
                data.Add(name, PickleCases[name].Expected);
            }

            return data;
        }
    }

    private static readonly Dictionary<string, (byte[] Bytes, string Expected)> PickleCases = new()
    {
        ["os.system"] = (new PickleBuilder().Global("os", "system").Text("touch /tmp/owned").Op(0x85).Op("R.").Build(), "'os.system'"),
        ["posix.system inside the state"] = (PickleBuilder.Package(p => p.Text("w").Global("posix", "system").Text("id").Op(0x85).Op("R")), "'posix.system'"),
        ["builtins.eval"] = (new PickleBuilder().Global("builtins", "eval").Text("1").Op(0x85).Op("R.").Build(), "'builtins.eval'"),
        ["builtins.getattr by STACK_GLOBAL"] = (new PickleBuilder().Text("builtins").Text("getattr").Op(0x93).Op(".").Build(), "'builtins.getattr'"),
        ["nested attribute"] = (new PickleBuilder().Text("torch").Text("hub.load").Op(0x93).Op(".").Build(), "'torch.hub.load'"),
        ["torch.load"] = (new PickleBuilder().Global("torch", "load").Op(".").Build(), "'torch.load'"),
        ["numpy loads"] = (new PickleBuilder().Global("numpy.core.multiarray", "_reconstruct").Op(".").Build(), "'numpy.core.multiarray._reconstruct'"),
        ["omegaconf"] = (new PickleBuilder().Global("omegaconf.listconfig", "ListConfig").Op(".").Build(), "'omegaconf.listconfig.ListConfig'"),
        ["control characters in a name"] = (new PickleBuilder().Global("o\u001b[31ms", "system").Op(".").Build(), "'o?[31ms.system'"),
        ["calls a class"] = (new PickleBuilder().Global("demucs.htdemucs", "HTDemucs").Op(")R.").Build(), "asks to call 'demucs.htdemucs.HTDemucs'"),
        ["calls a number"] = (new PickleBuilder().Int(1).Op(")R.").Build(), "not a function"),
        ["NEWOBJ of a class"] = (new PickleBuilder().Global("demucs.htdemucs", "HTDemucs").Op(")").Op(0x81).Op(".").Build(), "asks to call"),
        ["BUILD on a list"] = (new PickleBuilder().Op("]}b.").Build(), "sets the state"),
        ["INST"] = (new PickleBuilder().Op("(ios\nsystem\n.").Build(), "opcode 0x69"),
        ["OBJ"] = (new PickleBuilder().Op("(cos\nsystem\no.").Build(), "'os.system'"),
        ["text PERSID"] = (new PickleBuilder().Op("Pfile:///etc/passwd\n.").Build(), "opcode 0x50"),
        ["EXT1"] = (new PickleBuilder().Op(0x82, 1).Op(".").Build(), "opcode 0x82"),
        ["NEXT_BUFFER"] = (new PickleBuilder().Op(0x97).Op(".").Build(), "opcode 0x97"),
        ["protocol 0"] = (new PickleBuilder().Op(0x80, 0).Op("}.").Build(), "protocol 0"),
        ["protocol 9"] = (new PickleBuilder().Op(0x80, 9).Op("}.").Build(), "protocol 9"),
        ["no end"] = (new PickleBuilder().Op("}").Build(), "in the middle"),
        ["empty stack"] = (new PickleBuilder().Op(".").Build(), "left over"),
        ["pop of nothing"] = (new PickleBuilder().Op("0.").Build(), "empty stack"),
        ["pop below a mark"] = (new PickleBuilder().Op("}(s.").Build(), "empty stack"),
        ["unopened group"] = (new PickleBuilder().Op("t.").Build(), "not opened"),
        ["unknown memo"] = (new PickleBuilder().Get(7).Op(".").Build(), "has not stored"),
        ["a string longer than the file"] = (new PickleBuilder().Op("X").Op(0xff, 0xff, 0xff, 0x7f).Op("a.").Build(), "in the middle"),
        ["bytes of 2^63"] = (new PickleBuilder().Op(0x8e, 0, 0, 0, 0, 0, 0, 0, 0x80).Op(".").Build(), "in the middle"),
        ["an integer of 2 GB"] = (new PickleBuilder().Op(0x8b, 0xff, 0xff, 0xff, 0x7f).Op(".").Build(), "in the middle"),
        ["text that is not UTF-8"] = (new PickleBuilder().Op("X").Op(2, 0, 0, 0, 0xc3, 0x28).Op(".").Build(), "not UTF-8"),
        ["an odd dict"] = (new PickleBuilder().Op("}(").Text("a").Op("u.").Build(), "not a dict"),
        ["a list instead of a package"] = (new PickleBuilder().Op("].").Build(), "does not hold the dict"),
        ["marks without end"] = (new PickleBuilder().Repeat(2_000, p => p.Op("(")).Op(".").Build(), "more than 1,000 levels"),
        ["a stack without end"] = (new PickleBuilder().Repeat(200_000, p => p.Op("]")).Op(".").Build(), "more than 100,000 values"),
        ["values without end"] = (new PickleBuilder().Repeat(600_000, p => p.Op("N0")).Op(".").Build(), "more than 500,000 values"),
        ["lists in lists"] = (new PickleBuilder().Op("}").Repeat(50_000, p => p.Op("]")).Repeat(49_999, p => p.Op("a")).Op(".").Build(), "left over"),
        ["arguments that hold themselves"] = (PickleBuilder.Package(OneTensor, p => p.Text("sources").Op("]").Put(9).Get(9).Op("a")), "nested too deeply"),
        ["arguments that multiply"] = (PickleBuilder.Package(OneTensor, p => p.Text("sources").Op("]").Put(0)
            .Repeat(12, q => q.Op("0](").Repeat(12, r => r.Get(0)).Op("e").Put(0))), "nested too deeply or too many"),
        ["an OrderedDict from pairs"] = (new PickleBuilder().Global("collections", "OrderedDict").Op("]").Op(0x85).Op("R.").Build(), "collections.OrderedDict"),
        ["a fraction over zero"] = (new PickleBuilder().Global("fractions", "Fraction").Int(1).Int(0).Op(0x86).Op("R.").Build(), "fractions.Fraction"),
        ["a fraction of a long text"] = (new PickleBuilder().Global("fractions", "Fraction").Text(new string('9', 5_000)).Op(0x85).Op("R.").Build(), "fractions.Fraction"),
        ["quantized"] = (PickleBuilder.Package(p => p.Text("__quantized").Op(0x88)), "DiffQ-quantised"),
        ["no tensors"] = (PickleBuilder.Package(_ => { }), "no tensors"),
        ["a state value that is no tensor"] = (PickleBuilder.Package(p => p.Text("w").Int(3)), "'w', which is not a tensor"),
        ["a storage outside"] = (PickleBuilder.Package(p => p.Text("w").Tensor("FloatStorage", "../0", 4, 0, [4], [1])), "by the key"),
        ["a missing storage"] = (PickleBuilder.Package(p => p.Text("w").Tensor("FloatStorage", "7", 4, 0, [4], [1])), "no entry for the storage '7'"),
        ["a storage larger than its entry"] = (PickleBuilder.Package(p => p.Text("w").Tensor("FloatStorage", "0", 5, 0, [4], [1])), "instead of 5 elements"),
        ["a storage of 2^60"] = (PickleBuilder.Package(p => p.Text("w").Tensor("FloatStorage", "0", 1L << 60, 0, [4], [1])), "claims"),
        ["a negative storage"] = (PickleBuilder.Package(p => p.Text("w").Tensor("FloatStorage", "0", -4, 0, [4], [1])), "claims -4"),
        ["an unknown storage type"] = (PickleBuilder.Package(p => p.Text("w").Tensor("OrderedDict", "0", 4, 0, [4], [1])), "'torch.OrderedDict'"),
        ["a tensor beyond its storage"] = (PickleBuilder.Package(p => p.Text("w").Tensor("FloatStorage", "0", 4, 1, [4], [1])), "beyond its storage"),
        ["a stride beyond the storage"] = (PickleBuilder.Package(p => p.Text("w").Tensor("FloatStorage", "0", 4, 0, [2, 2], [3, 1])), "beyond its storage"),
        ["strides that overflow"] = (PickleBuilder.Package(p => p.Text("w").Tensor("FloatStorage", "0", 4, 0, [int.MaxValue, int.MaxValue, int.MaxValue], [1L << 40, 1L << 40, 1L << 40])), "beyond its storage"),
        ["a negative stride"] = (PickleBuilder.Package(p => p.Text("w").Tensor("FloatStorage", "0", 4, 3, [4], [-1])), "impossible"),
        ["a negative offset"] = (PickleBuilder.Package(p => p.Text("w").Tensor("FloatStorage", "0", 4, -1, [4], [1])), "impossible offset"),
        ["a negative dimension"] = (PickleBuilder.Package(p => p.Text("w").Tensor("FloatStorage", "0", 4, 0, [-4], [1])), "impossible"),
        ["a dimension of 2^40"] = (PickleBuilder.Package(p => p.Text("w").Tensor("FloatStorage", "0", 4, 0, [1L << 40], [0])), "impossible"),
        ["a stride of zero as inflation"] = (PickleBuilder.Package(p => p.Text("w").Tensor("FloatStorage", "0", 4, 0, [int.MaxValue], [0])), "larger than its storage"),
        ["seventeen dimensions"] = (PickleBuilder.Package(p => p.Text("w").Tensor("FloatStorage", "0", 4, 0, [.. Enumerable.Repeat(1L, 17)], [.. Enumerable.Repeat(1L, 17)])), "17 dimensions"),
        ["shape without strides"] = (PickleBuilder.Package(p => p.Text("w").Tensor("FloatStorage", "0", 4, 0, [2, 2], [1])), "_rebuild_tensor_v2"),
    };

    [Theory]
    [MemberData(nameof(Pickles))]
    public void Pickles_are_refused(string name, string expected) => AssertRefused(ZipBuilder.Torch(PickleCases[name].Bytes).Build(), expected);

    private static byte[] Good => PickleBuilder.Package(OneTensor);

    private static readonly Dictionary<string, (Func<byte[]> Build, string Expected)> ArchiveCases = new()
    {
        ["a parent path"] = (() => ZipBuilder.Torch(Good).Add("x/../../etc/passwd", [1]).Build(), "points outside"),
        ["an absolute path"] = (() => ZipBuilder.Torch(Good).Add("/etc/passwd", [1]).Build(), "points outside"),
        ["a drive"] = (() => ZipBuilder.Torch(Good).Add("C:evil", [1]).Build(), "points outside"),
        ["a backslash"] = (() => ZipBuilder.Torch(Good).Add("x\\y", [1]).Build(), "points outside"),
        ["a control character"] = (() => ZipBuilder.Torch(Good).Add("x/\u0007", [1]).Build(), "control characters"),
        ["a long name"] = (() => ZipBuilder.Torch(Good).Add(new string('a', 600), [1]).Build(), "600 bytes"),
        ["two entries of one name"] = (() => ZipBuilder.Torch(Good).Add("x/data.pkl", Good).Build(), "two entries named"),
        ["two models"] = (() => ZipBuilder.Torch(Good).Add("y/data.pkl", Good).Build(), "several data.pkl"),
        ["no model"] = (() => new ZipBuilder().Add("readme.txt", [65]).Build(), "no data.pkl"),
        ["an encrypted entry"] = (() => ZipBuilder.Torch(Good).Add("x/data/1", [1], flags: 1).Build(), "encrypted"),
        ["an unknown method"] = (() => ZipBuilder.Torch(Good).Add("x/data/1", [1], method: 93).Build(), "method 93"),
        ["overlapping entries"] = (() => ZipBuilder.Torch(Good).Add("x/data/1", [], offset: 0, size: 0, crc: 0).Build(), "overlap"),
        ["an entry under another's name"] = (() => ZipBuilder.Torch(Good).Add("x/data/1", [1], localName: "x/data/2").Build(), "not where the directory says"),
        ["an entry outside"] = (() => ZipBuilder.Torch(Good).Add("x/data/1", [1], offset: 1 << 30).Build(), "outside the file"),
        ["a wrong size"] = (() => new ZipBuilder().Add("x/data.pkl", Good, deflate: true, size: Good.Length - 1).Add("x/data/0", new byte[16]).Build(), "does not inflate"),
        ["an impossible ratio"] = (() => new ZipBuilder().Add("x/data.pkl", Good, deflate: true, size: 1 << 30).Build(), "impossible"),
        ["a bomb"] = (() => ZipBuilder.Torch(Good).Add("x/data/1", new byte[90_000], method: 8, size: 80 << 20, crc: 0).Build(), "zip bomb"),
        ["a huge pickle"] = (() => new ZipBuilder().Add("x/data.pkl", new byte[9 << 20], deflate: true, crc: 0).Build(), "are sane there"),
        ["a wrong checksum"] = (() => new ZipBuilder().Add("x/data.pkl", Good, crc: 1).Add("x/data/0", new byte[16]).Build(), "do not match their checksum"),
        ["TorchScript"] = (() => ZipBuilder.Torch(Good).Add("x/constants.pkl", Good).Build(), "TorchScript"),
        ["big-endian"] = (() => ZipBuilder.Torch(Good).Add("x/byteorder", "big"u8.ToArray()).Build(), "big-endian"),
        ["empty"] = (() => [], "empty"),
        ["text"] = (() => "hello there"u8.ToArray(), "neither"),
        ["a web page"] = (() => "<!DOCTYPE html><title>404"u8.ToArray(), "web page"),
        ["a git pointer"] = (() => "version https://git-lfs.github.com/spec/v1\noid sha256:00"u8.ToArray(), "git lfs pull"),
        ["an old torch file"] = (() => [0x80, 2, 0x8a, 10, 0x6c, 0xfc], "before 1.6"),
        ["a zip head alone"] = (() => "PK\u0003\u0004"u8.ToArray(), "no directory"),
    };

    public static TheoryData<string> Archives => [.. ArchiveCases.Keys];

    [Theory]
    [MemberData(nameof(Archives))]
    public void Archives_are_refused(string name) => AssertRefused(ArchiveCases[name].Build(), ArchiveCases[name].Expected);

    public static TheoryData<string, int, string> Headers => new()
    {
        { """{"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}, "w": {"dtype": "F32", "shape": [0], "data_offsets": [8, 8]}}""", 8, "two tensors named" },
        { """{"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}""", 9, "after its last tensor" },
        { """{"w": {"dtype": "F32", "shape": [2], "data_offsets": [1, 9]}}""", 9, "leaves a hole" },
        { """{"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}, "v": {"dtype": "F32", "shape": [2], "data_offsets": [4, 12]}}""", 12, "overlaps" },
        { """{"w": {"dtype": "F32", "shape": [3], "data_offsets": [0, 8]}}""", 8, "larger than the file" },
        { """{"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 8]}}""", 8, "does not lie" },
        { """{"w": {"dtype": "F32", "shape": [2], "data_offsets": [8, 0]}}""", 8, "does not lie" },
        { """{"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 99999999999999999999]}}""", 8, "does not lie" },
        { """{"w": {"dtype": "F32", "shape": [2147483647, 2147483647, 2147483647, 2147483647], "data_offsets": [0, 8]}}""", 8, "larger than the file" },
        { """{"w": {"dtype": "F32", "shape": [-2], "data_offsets": [0, 8]}}""", 8, "impossible shape" },
        { """{"w": {"dtype": "F32", "shape": ["2"], "data_offsets": [0, 8]}}""", 8, "impossible shape" },
        { """{"w": {"dtype": "Q4", "shape": [2], "data_offsets": [0, 8]}}""", 8, "'Q4'" },
        { """{"w": {"dtype": "F32", "shape": [2]}}""", 8, "without a valid" },
        { """{"w": 7}""", 8, "without a valid" },
        { """{"w": {"dtype": "F32", "shape": [1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,2], "data_offsets": [0, 8]}}""", 8, "without a valid" },
        { """{"__metadata__": 7, "w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}""", 8, "metadata" },
        { """{"__metadata__": {"kwargs": "[1]"}, "w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}""", 8, "not an object" },
        { """{"__metadata__": {"kwargs": "{"}, "w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}""", 8, "not valid JSON" },
        { """{"\ud800": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}""", 8, "text that is not valid" },
        { "{}", 0, "no tensors" },
        { """{"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}""", 8, "not valid JSON" },
        { """{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":1}}}}}}}}}}""", 0, "not valid JSON" },
    };

    [Theory]
    [MemberData(nameof(Headers))]
    public void Safetensors_headers_are_refused(string header, int dataBytes, string expected) =>
        AssertRefused(SafetensorsBuilder.Build(header, new byte[dataBytes]), expected);

    [Fact]
    public void A_header_longer_than_the_file_is_refused()
    {
        AssertRefused([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, (byte)'{', (byte)'}'], "its header claims");
        AssertRefused([99, 0, 0, 0, 0, 0, 0, 0, (byte)'{', (byte)'}'], "ends within its header");
    }

    [Fact]
    public void A_wrong_checksum_in_the_name_is_refused()
    {
        byte[] good = ZipBuilder.Torch(Good).Build();
        ModelException e = Assert.Throws<ModelException>(() => Checkpoint.Open(new MemoryStream(good), "sig-00000000.th"));
        Assert.Contains("its name says 00000000", e.Message, StringComparison.Ordinal);
        Checkpoint.Open(new MemoryStream(good), "sig.th").Dispose();
    }

    [Fact]
    public void Folders_and_missing_files_are_refused()
    {
        Assert.Contains("is a folder", Assert.Throws<ModelException>(() => Checkpoint.Open(Path.GetTempPath())).Message, StringComparison.Ordinal);
        Assert.Contains("does not exist", Assert.Throws<ModelException>(() => Checkpoint.Open("nowhere.th")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("channels", 1L << 40)]
    [InlineData("depth", 99L)]
    [InlineData("segment", 1L << 40)]
    [InlineData("t_layers", 1L << 31)]
    [InlineData("samplerate", -1L)]
    [InlineData("growth", 9L)]
    public void Arguments_that_ask_for_endless_memory_are_refused(string name, long value)
    {
        byte[] file = ZipBuilder.Torch(PickleBuilder.Package(OneTensor, p => p.Text("sources").Op("](").Text("a").Op("e").Text(name).Int(value))).Build();
        using Checkpoint checkpoint = Checkpoint.Open(new MemoryStream(file), "x.th");
        ModelException e = Assert.Throws<ModelException>(() => FamilyTable.All.Read(checkpoint));
        Assert.Contains(name, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Arguments_within_their_ranges_that_add_up_to_too_much_are_refused()
    {
        byte[] file = ZipBuilder.Torch(PickleBuilder.Package(OneTensor, p => p.Text("sources").Op("](").Text("a").Op("e").Text("segment").Int(600).Text("stride").Int(1))).Build();
        using Checkpoint checkpoint = Checkpoint.Open(new MemoryStream(file), "x.th");
        Assert.Contains("numbers between two layers", Assert.Throws<ModelException>(() => FamilyTable.All.Read(checkpoint)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_class_that_no_family_knows_is_refused()
    {
        byte[] file = ZipBuilder.Torch(PickleBuilder.Package(OneTensor, className: "TorchHDemucsWrapper", module: "demucs.train")).Build();
        using Checkpoint checkpoint = Checkpoint.Open(new MemoryStream(file), "x.th");
        ModelException e = Assert.Throws<ModelException>(() => FamilyTable.All.Read(checkpoint));
        Assert.Equal("x.th cannot be used: it is a model of the class demucs.train.TorchHDemucsWrapper; supported are HTDemucs (demucs.htdemucs.HTDemucs), HDemucs (demucs.hdemucs.HDemucs), Demucs (demucs.demucs.Demucs), BS-RoFormer (models.bs_roformer.BSRoformer), Mel-Band RoFormer (models.bs_roformer.MelBandRoformer), MDX23C (models.mdx23c_tfc_tdf_v3.TFC_TDF_net), SCNet (models.scnet.scnet.SCNet).", e.Message);
    }

    private static void AssertRefused(byte[] file, string expected)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        ModelException e = Assert.Throws<ModelException>(() => Checkpoint.Open(new MemoryStream(file), "x.th"));
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
        Assert.StartsWith("x.th: ", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", e.Message, StringComparison.Ordinal);
        Assert.True(allocated < 64 << 20, $"{allocated:N0} bytes allocated to refuse {Encoding.ASCII.GetString(file.AsSpan(0, Math.Min(8, file.Length)))}…");
    }
}
