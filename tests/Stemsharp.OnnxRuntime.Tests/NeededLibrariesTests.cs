using System.Buffers.Binary;
using System.Text;
using Stemsharp.OnnxRuntime.Native;
using Xunit;

namespace Stemsharp.OnnxRuntime.Tests;

/// <summary>What libraries need, read from small files made for it, of both kinds.</summary>
public sealed class NeededLibrariesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("stemsharp-test-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    public static TheoryData<string, string[]> Builds => new()
    {
        { "elf", ["libcublasLt.so.12", "libcublas.so.12", "libcudnn.so.9", "libcudart.so.12", "libc.so.6"] },
        { "elf", ["libcublasLt.so.13", "libcublas.so.13", "libcudnn.so.9", "libcudart.so.13", "libc.so.6"] },
        { "pe", ["cublas64_12.dll", "cudart64_12.dll", "cudnn64_9.dll", "KERNEL32.dll", "api-ms-win-crt-heap-l1-1-0.dll"] },
        { "pe", ["cublas64_13.dll", "cudart64_13.dll", "cudnn64_9.dll", "KERNEL32.dll", "api-ms-win-crt-heap-l1-1-0.dll"] },
    };

    /// <summary>A CUDA 12 and a CUDA 13 build alike: what is missing is what that build needs.</summary>
    [Theory]
    [MemberData(nameof(Builds))]
    public void What_is_missing_is_named_as_the_build_needs_it(string kind, string[] needs)
    {
        string file = Write(kind, needs, delayed: 1);
        Assert.Equal(needs, NeededLibraries.Of(file));
        Assert.Null(ProviderFile.Problem(file, _ => true));
        string[] system = ["libc.so.6", "KERNEL32.dll"];
        string[] cuda = [.. needs.Take(4).Except(system)];
        Assert.Equal($"provider needs {string.Join(", ", cuda)}, which cannot be loaded", ProviderFile.Problem(file, system.Contains));

        // What lies beside it is found there.
        File.WriteAllText(Path.Combine(_folder, cuda[0]), "");
        Assert.Equal($"provider needs {string.Join(", ", cuda[1..])}, which cannot be loaded", ProviderFile.Problem(file, system.Contains));
    }

    /// <summary>Some builds are not linked to cuDNN and open it by themselves.</summary>
    [Theory]
    [InlineData("elf", "libcudart.so.13", "libcudnn.so.9")]
    [InlineData("pe", "cudart64_13.dll", "cudnn64_9.dll")]
    public void The_provider_for_CUDA_needs_cuDNN_in_any_case(string kind, string need, string cudnn)
    {
        Assert.Equal($"provider needs {cudnn}, which cannot be loaded", ProviderFile.Problem(Write(kind, [need], delayed: 0), name => name == need, ExecutionProvider.Cuda));
        Assert.Null(ProviderFile.Problem(Write(kind, [need, cudnn], delayed: 0), _ => true, ExecutionProvider.Cuda));
    }

    [Theory]
    [InlineData("elf")]
    [InlineData("pe")]
    public void A_library_without_needs_has_none(string kind) => Assert.Empty(NeededLibraries.Of(Write(kind, [], delayed: 0)));

    [Fact]
    public void Another_file_has_none()
    {
        string file = Path.Combine(_folder, "text");
        File.WriteAllText(file, "");
        Assert.Empty(NeededLibraries.Of(file));
        File.WriteAllText(file, "a text that is long enough to be something else");
        Assert.Empty(NeededLibraries.Of(file));
    }

    /// <summary>Cut off anywhere, a file is read or said to be damaged.</summary>
    [Theory]
    [InlineData("elf")]
    [InlineData("pe")]
    public void A_damaged_file_is_said_to_be_damaged(string kind)
    {
        byte[] whole = File.ReadAllBytes(Write(kind, ["first", "second"], delayed: 1));
        string cut = Path.Combine(_folder, "cut");
        int damaged = 0;
        for (int length = 4; length < whole.Length; length++)
        {
            File.WriteAllBytes(cut, whole[..length]);
            try
            {
                NeededLibraries.Of(cut);
            }
            catch (InvalidDataException e)
            {
                Assert.Contains("is damaged", e.Message, StringComparison.Ordinal);
                Assert.Contains("is damaged", ProviderFile.Problem(cut, _ => true), StringComparison.Ordinal);
                damaged++;
            }
        }

        Assert.InRange(damaged, whole.Length / 2, whole.Length);
    }

    /// <summary>The library that the tests run on asks for the C library, and for nothing that is not here.</summary>
    [OnnxRuntimeFact]
    public void A_real_library_needs_what_is_there()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        string library = OnnxRuntimeLibrary.Load().Path;
        Assert.Contains("libc.so.6", NeededLibraries.Of(library));
        string windows = Path.Combine(AppContext.BaseDirectory, "runtimes", "win-x64", "native", "onnxruntime.dll");
        Assert.Contains("KERNEL32.dll", NeededLibraries.Of(windows));
        Assert.Null(ProviderFile.Problem(library, SystemLibrary.CanLoad));
        Assert.Equal("libonnxruntime_providers_cuda.so is not beside it", ProviderFile.Problem(OnnxRuntimeLibrary.Load(), ExecutionProvider.Cuda));
    }

    private string Write(string kind, string[] needs, int delayed)
    {
        string file = Path.Combine(_folder, "provider");
        File.WriteAllBytes(file, kind == "elf" ? Elf(needs) : Pe(needs, delayed));
        return file;
    }

    // A header, two program headers (all of it, loaded at 0x10000, and the dynamic section), the section, the names.
    private static byte[] Elf(string[] needs)
    {
        const int Base = 0x10000, Headers = 64, HeaderSize = 56, Dynamic = Headers + 2 * HeaderSize;
        int strings = Dynamic + 16 * (needs.Length + 2);
        byte[] names = Names(needs, out int[] places);
        byte[] file = new byte[strings + names.Length];
        names.CopyTo(file, strings);
        "\u007FELF"u8.CopyTo(file);
        (file[4], file[5]) = (2, 1);
        Set(file, 32, Headers);
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(54), HeaderSize);
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(56), 2);
        Segment(0, type: 1, offset: 0, file.Length);
        Segment(1, type: 2, offset: Dynamic, strings - Dynamic);
        for (int i = 0; i < needs.Length; i++)
        {
            Set(file, Dynamic + 16 * i, 1);
            Set(file, Dynamic + 16 * i + 8, places[i]);
        }

        Set(file, Dynamic + 16 * needs.Length, 5);
        Set(file, Dynamic + 16 * needs.Length + 8, Base + strings);
        return file;

        void Segment(int index, uint type, int offset, int size)
        {
            int at = Headers + index * HeaderSize;
            BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(at), type);
            Set(file, at + 8, offset);
            Set(file, at + 16, Base + offset);
            Set(file, at + 32, size);
        }
    }

    // Headers and one section, loaded at 0x1000 from 0x200 on: import table, delay-load table, names. The last ones are delayed.
    private static byte[] Pe(string[] needs, int delayed)
    {
        const int Signature = 0x40, Coff = Signature + 4, Optional = Coff + 20, OptionalSize = 240, Section = Optional + OptionalSize, Raw = 0x200, Address = 0x1000;
        int imported = needs.Length - delayed, delays = 20 * (imported + 1), strings = delays + 32 * (delayed + 1);
        byte[] names = Names(needs, out int[] places);
        byte[] file = new byte[Raw + strings + names.Length];
        names.CopyTo(file, Raw + strings);
        "MZ"u8.CopyTo(file);
        Int(0x3C, Signature);
        "PE\0\0"u8.CopyTo(file.AsSpan(Signature));
        Short(Coff, 0x8664);
        Short(Coff + 2, 1);
        Short(Coff + 16, OptionalSize);
        Short(Coff + 18, 0x2022);
        Short(Optional, 0x20B);
        Int(Optional + 32, 0x1000);
        Int(Optional + 36, 0x200);
        Int(Optional + 56, 0x2000);
        Int(Optional + 60, Raw);
        Int(Optional + 108, 16);
        Directory(1, 0, imported > 0 ? delays : 0);
        Directory(13, delays, delayed > 0 ? strings - delays : 0);
        ".rdata"u8.CopyTo(file.AsSpan(Section));
        Int(Section + 8, file.Length - Raw);
        Int(Section + 12, Address);
        Int(Section + 16, file.Length - Raw);
        Int(Section + 20, Raw);
        for (int i = 0; i < needs.Length; i++)
        {
            Int(Raw + (i < imported ? 20 * i + 12 : delays + 32 * (i - imported) + 4), Address + strings + places[i]);
        }

        return file;

        void Directory(int index, int at, int size)
        {
            Int(Optional + 112 + 8 * index, size > 0 ? Address + at : 0);
            Int(Optional + 112 + 8 * index + 4, size);
        }

        void Int(int at, int value) => BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(at), value);
        void Short(int at, int value) => BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(at), (ushort)value);
    }

    private static byte[] Names(string[] names, out int[] places)
    {
        MemoryStream text = new();
        text.WriteByte(0);
        places = new int[names.Length];
        for (int i = 0; i < names.Length; i++)
        {
            places[i] = (int)text.Length;
            text.Write(Encoding.UTF8.GetBytes(names[i] + "\0"));
        }

        return text.ToArray();
    }

    private static void Set(byte[] file, int at, long value) => BinaryPrimitives.WriteInt64LittleEndian(file.AsSpan(at), value);
}
