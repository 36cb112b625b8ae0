using Iced.Intel;
using Stemsharp.Kernels.Paired;
using Stemsharp.MachineCode;
using Xunit;
using Assembler = Stemsharp.MachineCode.Assembler;
using Register = Stemsharp.MachineCode.Register;

namespace Stemsharp.Tests.MachineCode;

/// <summary>Every instruction of the assembler, and whole functions, as a disassembler of others reads them.</summary>
public class AssemblerTests
{
    private static readonly int[] s_displacements = [0, 4, 16, 64, 100, 508, 1024, 8128, 8192, -64, -8256];
    private static readonly Register[] s_bases = [Register.Rax, Register.Rcx, Register.Rdx, Register.Rdi, Register.R8, Register.R9, Register.R10, Register.R11];

    [Fact]
    public void Vectors_in_registers_are_encoded_as_they_are_read()
    {
        for (int z = 0; z < 32; z++)
        {
            for (int a = 0; a < 32; a++)
            {
                for (int b = 0; b < 32; b++)
                {
                    int order = z, first = a, second = b;
                    Reads(code => code.PairProduct(order, first, second), $"vdpbf16ps zmm{z},zmm{a},zmm{b}");
                    Reads(code => code.PermuteWords(order, first, second), $"vpermw zmm{z},zmm{a},zmm{b}");
                }
            }

            int own = z;
            Reads(code => code.Clear(own), $"vpxord zmm{z},zmm{z},zmm{z}");
        }
    }

    [Fact]
    public void Vectors_in_memory_are_encoded_as_they_are_read()
    {
        foreach (Register from in s_bases)
        {
            foreach (int displacement in s_displacements)
            {
                for (int z = 0; z < 32; z++)
                {
                    int own = z, other = 31 - z;
                    string place = Place(from, displacement);
                    Reads(code => code.LoadVector(own, from, displacement), $"vmovups zmm{z},{place}");
                    Reads(code => code.StoreVector(from, displacement, own), $"vmovups {place},zmm{z}");
                    Reads(code => code.LoadQuarter(own, from, displacement), $"vmovups xmm{z},{place}");
                    Reads(code => code.StoreQuarter(from, displacement, own), $"vmovups {place},xmm{z}");
                    Reads(code => code.Broadcast(own, from, displacement), $"vpbroadcastd zmm{z},{place}");
                    Reads(code => code.AddFrom(own, other, from, displacement), $"vaddps zmm{z},zmm{other},{place}");
                    Reads(code => code.Round(own, other, from, displacement), $"vcvtne2ps2bf16 zmm{z},zmm{other},{place}");
                }
            }
        }
    }

    [Fact]
    public void General_registers_are_encoded_as_they_are_read()
    {
        foreach (Register one in s_bases)
        {
            foreach (Register from in s_bases)
            {
                foreach (int displacement in s_displacements)
                {
                    Reads(code => code.Load(one, from, displacement), $"mov {Name(one)},{Place(from, displacement)}");
                    Reads(code => code.Store(from, displacement, one), $"mov {Place(from, displacement)},{Name(one)}");
                    Reads(code => code.AddMemory(one, from, displacement), $"add {Name(one)},{Place(from, displacement)}");
                }
            }

            foreach (int number in (int[])[1, 127, 128, 192, 4096])
            {
                Reads(code => code.Add(one, number), $"add {Name(one)},{Hex(number)}");
                Reads(code => code.Subtract(one, number), $"sub {Name(one)},{Hex(number)}");
                Reads(code => code.Set(one, number), $"mov {Name(one)},{Hex(number)}");
            }
        }
    }

    [Fact]
    public void Tiles_are_encoded_as_they_are_read()
    {
        Reads(code => code.ReleaseTiles(), "tilerelease");
        for (int tile = 0; tile < 8; tile++)
        {
            int own = tile;
            Reads(code => code.ClearTile(own), $"tilezero tmm{tile}");
            for (int a = 0; a < 8; a++)
            {
                for (int b = 0; b < 8; b++)
                {
                    // A tile times itself is no instruction.
                    if (tile != a && tile != b && a != b)
                    {
                        (int first, int second) = (a, b);
                        Reads(code => code.TileProduct(own, first, second), $"tdpbf16ps tmm{tile},tmm{a},tmm{b}");
                    }
                }
            }

            foreach (Register from in s_bases)
            {
                foreach (int displacement in s_displacements)
                {
                    Reads(code => code.ConfigureTiles(from, displacement), $"ldtilecfg {Place(from, displacement)}");
                    foreach (Register stride in s_bases)
                    {
                        string place = Place(from, displacement).Replace($"[{Name(from)}", $"[{Name(from)}+{Name(stride)}", StringComparison.Ordinal);
                        Reads(code => code.LoadTile(own, from, stride, displacement), $"tileloadd tmm{tile},{place}");
                        Reads(code => code.StoreTile(from, stride, displacement, own), $"tilestored {place},tmm{tile}");
                    }
                }
            }
        }
    }

    [Fact]
    public void A_jump_goes_back_to_where_it_is_told()
    {
        Assembler code = new();
        code.Clear(0);
        int target = code.Position;
        code.Subtract(Register.R9, 1);
        code.JumpIfNotZero(target);
        Instruction jump = Decode(code.Code)[^1];
        Assert.Equal(Mnemonic.Jne, jump.Mnemonic);
        Assert.Equal((ulong)target, jump.NearBranchTarget);
    }

    /// <summary>Every function in each convention, by a name.</summary>
    private static Dictionary<string, (byte[] Code, bool OnWindows)> All()
    {
        Dictionary<string, (byte[], bool)> all = [];
        foreach (CallingConvention convention in (CallingConvention[])[CallingConvention.SystemV, CallingConvention.Windows])
        {
            bool onWindows = convention == CallingConvention.Windows;
            string system = onWindows ? "Windows" : "System V";
            all.Add($"{system}: vectors, set", (VectorCode.Product(convention, accumulate: false), onWindows));
            all.Add($"{system}: vectors, add", (VectorCode.Product(convention, accumulate: true), onWindows));
            all.Add($"{system}: vectors, round", (VectorCode.Round(convention), onWindows));
            foreach ((int tiles, int parts, bool accumulate) in from t in (int[])[1, 2] from p in (int[])[1, 2] from a in (bool[])[false, true] select (t, p, a))
            {
                all.Add($"{system}: {tiles} × {parts} tiles, {(accumulate ? "add" : "set")}", (TileCode.Product(convention, tiles, parts, accumulate), onWindows));
            }
        }

        return all;
    }

    /// <summary>Their names.</summary>
    public static TheoryData<string> Functions => [.. All().Keys];

    /// <summary>Bytes that were read, tried on a processor or an emulator of one, and found right.</summary>
    [Fact]
    public void The_functions_bytes_are_those_that_were_tried()
    {
        string path = RepositoryFiles.Golden("machine-code.txt");
        string[] now = [.. All().Select(f => $"{f.Key}: {Convert.ToHexStringLower(f.Value.Code)}")];
        if (Environment.GetEnvironmentVariable("STEMSHARP_WRITE_GOLDEN") == "1")
        {
            File.WriteAllLines(path, now);
        }

        Assert.Equal(File.ReadAllLines(path), now);
    }

    [Theory]
    [MemberData(nameof(Functions))]
    public void A_function_changes_nothing_that_belongs_to_its_caller(string function)
    {
        (byte[] bytes, bool onWindows) = All()[function];
        bool vectors = function.Contains("vectors", StringComparison.Ordinal);
        List<Instruction> code = Decode(bytes);
        Assert.DoesNotContain(code, i => i.IsInvalid);
        Assert.Equal([Mnemonic.Vzeroupper, Mnemonic.Ret], code.TakeLast(2).Select(i => i.Mnemonic));
        Assert.All(code.SkipLast(1), i => Assert.True(i.FlowControl is FlowControl.Next or FlowControl.ConditionalBranch, i.ToString()));

        // Registers that it writes: none of the caller's, but those of Windows' that it stores first and loads last.
        InstructionInfoFactory infos = new();
        HashSet<string> written = [], kept = [], restored = [];
        foreach (Instruction instruction in code.SkipLast(1))
        {
            foreach (UsedRegister used in infos.GetInfo(instruction).GetUsedRegisters())
            {
                if (used.Access is OpAccess.Write or OpAccess.ReadWrite or OpAccess.CondWrite)
                {
                    written.Add(used.Register.GetFullRegister().ToString());
                }
            }

            if (instruction.Mnemonic == Mnemonic.Vmovups && instruction.Op1Register.IsXMM())
            {
                kept.Add(instruction.Op1Register.ToString());
                Assert.Empty(restored);
            }
            else if (instruction.Mnemonic == Mnemonic.Vmovups && instruction.Op0Register.IsXMM())
            {
                restored.Add(instruction.Op0Register.ToString());
            }
        }

        string[] ofCaller = ["RBX", "RBP", "RSP", "RSI", "R12", "R13", "R14", "R15", onWindows ? "RDI" : "RCX"];
        Assert.Empty(written.Intersect(ofCaller));
        string[] expected = onWindows && vectors ? [.. Enumerable.Range(6, 10).Select(i => $"XMM{i}")] : [];
        Assert.Equal(expected.Order(), kept.Order());
        Assert.Equal(expected.Order(), restored.Order());
    }

    private static void Reads(Action<Assembler> write, string expected)
    {
        Assembler code = new();
        write(code);
        Instruction instruction = Assert.Single(Decode(code.Code));
        MasmFormatter formatter = new(new FormatterOptions { MemorySizeOptions = MemorySizeOptions.Never, HexPrefix = "0x", HexSuffix = "", UppercaseHex = false });
        StringOutput text = new();
        formatter.Format(instruction, text);
        Assert.Equal(expected, text.ToStringAndReset());
    }

    private static List<Instruction> Decode(byte[] code)
    {
        Decoder decoder = Decoder.Create(64, code);
        List<Instruction> result = [];
        while (decoder.IP < (ulong)code.Length)
        {
            result.Add(decoder.Decode());
        }

        return result;
    }

    private static string Name(Register register) => register.ToString().ToLowerInvariant();

    private static string Hex(int number) => number < 10 ? $"{number}" : $"0x{number:x}";

    private static string Place(Register from, int displacement) =>
        displacement == 0 ? $"[{Name(from)}]" : $"[{Name(from)}{(displacement < 0 ? "-" : "+")}{Hex(Math.Abs(displacement))}]";
}
