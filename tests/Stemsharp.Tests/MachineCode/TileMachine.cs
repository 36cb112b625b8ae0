using Iced.Intel;
using Xunit;

namespace Stemsharp.Tests.MachineCode;

/// <summary>Runs the functions for tile registers instruction by instruction, as the manual describes them, on this process's memory.</summary>
internal sealed unsafe class TileMachine
{
    private const int Side = 16, Tiles = 8;

    private readonly Dictionary<Register, ulong> _registers = [];
    private readonly float[][] _tiles = [.. Enumerable.Range(0, Tiles).Select(_ => new float[Side * Side])];
    private readonly int[] _rows = new int[Tiles], _bytes = new int[Tiles];
    private bool _isZero;

    /// <summary>Instructions that were run.</summary>
    public int Count { get; private set; }

    /// <summary>Calls a function.</summary>
    /// <param name="code">Its bytes.</param>
    /// <param name="argument">The register of its argument.</param>
    /// <param name="value">The argument.</param>
    public void Call(byte[] code, Register argument, void* value)
    {
        Decoder decoder = Decoder.Create(64, code);
        _registers[argument] = (ulong)value;
        while (true)
        {
            Instruction i = decoder.Decode();
            Count++;
            switch (i.Mnemonic)
            {
                case Mnemonic.Mov when i.Op0Kind == OpKind.Memory: *(ulong*)Address(i) = _registers[i.Op1Register]; break;
                case Mnemonic.Mov: _registers[i.Op0Register] = Source(i); break;
                case Mnemonic.Add: Set(i, _registers[i.Op0Register] + Source(i)); break;
                case Mnemonic.Sub: Set(i, _registers[i.Op0Register] - Source(i)); break;
                case Mnemonic.Jne: decoder = _isZero ? decoder : At(code, i.NearBranchTarget); break;
                case Mnemonic.Ldtilecfg: Configure(new ReadOnlySpan<byte>(Address(i), 64)); break;
                case Mnemonic.Tilezero: Array.Clear(_tiles[Tile(i.Op0Register)]); break;
                case Mnemonic.Tileloadd: Load(i); break;
                case Mnemonic.Tilestored: Store(i); break;
                case Mnemonic.Tdpbf16ps: Multiply(Tile(i.Op0Register), Tile(i.Op1Register), Tile(i.Op2Register)); break;
                case Mnemonic.Tilerelease: Array.Clear(_rows); break;
                case Mnemonic.Vzeroupper: break;
                case Mnemonic.Ret:
                    Assert.All(_rows, r => Assert.Equal(0, r));
                    return;
                default: throw new NotSupportedException(i.ToString());
            }
        }
    }

    private static Decoder At(byte[] code, ulong position)
    {
        Decoder decoder = Decoder.Create(64, new ByteArrayCodeReader(code, (int)position, code.Length - (int)position));
        decoder.IP = position;
        return decoder;
    }

    private static int Tile(Register register) => register - Register.TMM0;

    private void Set(in Instruction i, ulong value)
    {
        _registers[i.Op0Register] = value;
        _isZero = value == 0;
    }

    private ulong Source(in Instruction i) => i.Op1Kind switch
    {
        OpKind.Memory => *(ulong*)Address(i),
        OpKind.Register => _registers[i.Op1Register],
        _ => (ulong)(long)i.GetImmediate(1),
    };

    private byte* Address(in Instruction i) => (byte*)(_registers[i.MemoryBase] + i.MemoryDisplacement64);

    // Palette 1; reserved bytes are zero, and what a tile has of rows and bytes is both or neither.
    private void Configure(ReadOnlySpan<byte> sizes)
    {
        Assert.Equal(1, sizes[0]);
        Assert.Equal(-1, sizes[1..16].IndexOfAnyExcept((byte)0));
        Assert.Equal(-1, sizes[32..48].IndexOfAnyExcept((byte)0));
        Assert.Equal(-1, sizes[56..].IndexOfAnyExcept((byte)0));
        for (int tile = 0; tile < Tiles; tile++)
        {
            (_rows[tile], _bytes[tile]) = (sizes[48 + tile], sizes[16 + 2 * tile] | sizes[17 + 2 * tile] << 8);
            Assert.InRange(_rows[tile], 0, Side);
            Assert.InRange(_bytes[tile], 0, 4 * Side);
            Assert.Equal(_rows[tile] == 0, _bytes[tile] == 0);
            Array.Clear(_tiles[tile]);
        }
    }

    private void Load(in Instruction i)
    {
        int tile = Tile(i.Op0Register);
        Assert.NotEqual(0, _rows[tile]);
        Array.Clear(_tiles[tile]);
        for (int row = 0; row < _rows[tile]; row++)
        {
            new ReadOnlySpan<float>(Row(i, row), _bytes[tile] / 4).CopyTo(_tiles[tile].AsSpan(row * Side));
        }
    }

    private void Store(in Instruction i)
    {
        int tile = Tile(i.Op1Register);
        Assert.NotEqual(0, _rows[tile]);
        for (int row = 0; row < _rows[tile]; row++)
        {
            _tiles[tile].AsSpan(row * Side, _bytes[tile] / 4).CopyTo(new Span<float>(Row(i, row), _bytes[tile] / 4));
        }
    }

    private void* Row(in Instruction i, int row) => Address(i) + (long)_registers[i.MemoryIndex] * i.MemoryIndexScale * row;

    private void Multiply(int sums, int a, int b)
    {
        Assert.Equal(3, new[] { sums, a, b }.Distinct().Count());
        Assert.Equal((_rows[a], _bytes[b], _rows[b] * 4), (_rows[sums], _bytes[sums], _bytes[a]));
        for (int m = 0; m < _rows[sums]; m++)
        {
            for (int n = 0; n < _bytes[sums] / 4; n++)
            {
                float even = 0, odd = 0;
                for (int k = 0; k < _rows[b]; k++)
                {
                    uint x = BitConverter.SingleToUInt32Bits(_tiles[a][m * Side + k]), y = BitConverter.SingleToUInt32Bits(_tiles[b][k * Side + n]);
                    even = Flush(MathF.FusedMultiplyAdd(Wide(x << 16), Wide(y << 16), even));
                    odd = Flush(MathF.FusedMultiplyAdd(Wide(x & 0xFFFF0000), Wide(y & 0xFFFF0000), odd));
                }

                ref float sum = ref _tiles[sums][m * Side + n];
                sum = Flush(Flush(sum) + Flush(even + odd));
            }
        }
    }

    private static float Wide(uint bits) => Flush(BitConverter.UInt32BitsToSingle(bits));

    private static float Flush(float x) => float.IsSubnormal(x) ? MathF.CopySign(0, x) : x;
}
