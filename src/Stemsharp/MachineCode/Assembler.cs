using System.Buffers.Binary;

namespace Stemsharp.MachineCode;

/// <summary>
/// The few x86-64 instructions that kernels made at run time consist of, as bytes: moves and counts in general registers, AVX-512
/// instructions on registers 0 to 31 and AMX instructions on tiles 0 to 7 (Intel, "Architectures Software Developer's Manual", volume 2,
/// chapters 2.3 and 2.7: VEX and EVEX).
/// </summary>
internal sealed class Assembler
{
    private readonly List<byte> _code = [];

    /// <summary>The bytes so far.</summary>
    public byte[] Code => [.. _code];

    /// <summary>Where the next instruction begins.</summary>
    public int Position => _code.Count;

    /// <summary>mov register, [base + displacement], 64 bits.</summary>
    public void Load(Register register, Register from, int displacement)
    {
        Rex(register, from);
        _code.Add(0x8B);
        Memory((int)register & 7, from, displacement, 1);
    }

    /// <summary>mov [base + displacement], register, 64 bits; leaves alone what <see cref="JumpIfNotZero"/> asks about.</summary>
    public void Store(Register to, int displacement, Register register)
    {
        Rex(register, to);
        _code.Add(0x89);
        Memory((int)register & 7, to, displacement, 1);
    }

    /// <summary>mov register, number, with its sign.</summary>
    public void Set(Register register, int number)
    {
        Rex(0, register);
        _code.Add(0xC7);
        _code.Add((byte)(0xC0 | (int)register & 7));
        Number(number);
    }

    /// <summary>add register, [base + displacement], 64 bits.</summary>
    public void AddMemory(Register register, Register from, int displacement)
    {
        Rex(register, from);
        _code.Add(0x03);
        Memory((int)register & 7, from, displacement, 1);
    }

    /// <summary>add register, number.</summary>
    public void Add(Register register, int number) => Arithmetic(0, register, number);

    /// <summary>sub register, number; what <see cref="JumpIfNotZero"/> asks about.</summary>
    public void Subtract(Register register, int number) => Arithmetic(5, register, number);

    /// <summary>jnz to an earlier place.</summary>
    public void JumpIfNotZero(int target)
    {
        _code.Add(0x0F);
        _code.Add(0x85);
        Number(target - (Position + sizeof(int)));
    }

    /// <summary>vzeroupper; ret.</summary>
    public void Return() => _code.AddRange([0xC5, 0xF8, 0x77, 0xC3]);

    /// <summary>vpxord z, z, z: zeros.</summary>
    public void Clear(int z) => Registers(Prefix.P66, Map.Of0F, 0xEF, z, z, z);

    /// <summary>vmovups z, [base + displacement]: 64 bytes.</summary>
    public void LoadVector(int z, Register from, int displacement) => FromMemory(Prefix.None, Map.Of0F, 0x10, z, 0, from, displacement, 64);

    /// <summary>vmovups [base + displacement], z.</summary>
    public void StoreVector(Register to, int displacement, int z) => FromMemory(Prefix.None, Map.Of0F, 0x11, z, 0, to, displacement, 64);

    /// <summary>vmovups x, [base + displacement]: 16 bytes.</summary>
    public void LoadQuarter(int x, Register from, int displacement) => FromMemory(Prefix.None, Map.Of0F, 0x10, x, 0, from, displacement, 16, length: 0);

    /// <summary>vmovups [base + displacement], x.</summary>
    public void StoreQuarter(Register to, int displacement, int x) => FromMemory(Prefix.None, Map.Of0F, 0x11, x, 0, to, displacement, 16, length: 0);

    /// <summary>vpbroadcastd z, [base + displacement].</summary>
    public void Broadcast(int z, Register from, int displacement) => FromMemory(Prefix.P66, Map.Of0F38, 0x58, z, 0, from, displacement, 4);

    /// <summary>vaddps z, a, [base + displacement].</summary>
    public void AddFrom(int z, int a, Register from, int displacement) => FromMemory(Prefix.None, Map.Of0F, 0x58, z, a, from, displacement, 64);

    /// <summary>vdpbf16ps z, a, b: adds to each single of z the product of the pairs' odd numbers, then that of the even ones.</summary>
    public void PairProduct(int z, int a, int b) => Registers(Prefix.PF3, Map.Of0F38, 0x52, z, a, b);

    /// <summary>vcvtne2ps2bf16 z, high, [base + displacement]: rounds two vectors of singles into one; the one in memory comes first.</summary>
    public void Round(int z, int high, Register low, int displacement) => FromMemory(Prefix.PF2, Map.Of0F38, 0x72, z, high, low, displacement, 64);

    /// <summary>vpermw z, order, a: sixteen-bit numbers in another order.</summary>
    public void PermuteWords(int z, int order, int a) => Registers(Prefix.P66, Map.Of0F38, 0x8D, z, order, a, wide: true);

    /// <summary>ldtilecfg [base + displacement]: the tiles' sizes, and zeros in all of them.</summary>
    public void ConfigureTiles(Register from, int displacement)
    {
        Vex(Prefix.None, 0, false, (int)from >= 8);
        _code.Add(0x49);
        Memory(0, from, displacement, 1);
    }

    /// <summary>tilerelease.</summary>
    public void ReleaseTiles()
    {
        Vex(Prefix.None, 0, false, false);
        _code.AddRange([0x49, 0xC0]);
    }

    /// <summary>tilezero tile.</summary>
    public void ClearTile(int tile)
    {
        Vex(Prefix.PF2, 0, false, false);
        _code.AddRange([0x49, (byte)(0xC0 | tile << 3)]);
    }

    /// <summary>tileloadd tile, [base + stride + displacement]: rows at base + displacement, a stride apart.</summary>
    public void LoadTile(int tile, Register from, Register stride, int displacement) => TileMemory(Prefix.PF2, tile, from, stride, displacement);

    /// <summary>tilestored [base + stride + displacement], tile.</summary>
    public void StoreTile(Register to, Register stride, int displacement, int tile) => TileMemory(Prefix.PF3, tile, to, stride, displacement);

    /// <summary>tdpbf16ps tile, a, b: adds rows of pairs times columns of pairs.</summary>
    public void TileProduct(int tile, int a, int b)
    {
        Vex(Prefix.PF3, b, false, false);
        _code.AddRange([0x5C, (byte)(0xC0 | tile << 3 | a)]);
    }

    private void TileMemory(Prefix prefix, int tile, Register from, Register stride, int displacement)
    {
        Vex(prefix, 0, (int)stride >= 8, (int)from >= 8);
        _code.Add(0x4B);
        int low = (int)from & 7;
        int mode = displacement == 0 && low != 5 ? 0 : displacement is >= sbyte.MinValue and <= sbyte.MaxValue ? 1 : 2;
        _code.Add((byte)(mode << 6 | tile << 3 | 4));
        _code.Add((byte)(((int)stride & 7) << 3 | low));
        Displacement(mode, displacement, 1);
    }

    // Three bytes: the map is 0F 38, the length 128 bits, the operands' size the smaller one.
    private void Vex(Prefix prefix, int a, bool index, bool memory)
    {
        _code.Add(0xC4);
        _code.Add((byte)(0x80 | (index ? 0 : 0x40) | (memory ? 0 : 0x20) | (int)Map.Of0F38));
        _code.Add((byte)((~a & 15) << 3 | (int)prefix));
    }

    private void Rex(Register register, Register memory) => _code.Add((byte)(0x48 | (int)register >> 3 << 2 | (int)memory >> 3));

    private void Arithmetic(int operation, Register register, int number)
    {
        Rex(0, register);
        bool small = number is >= sbyte.MinValue and <= sbyte.MaxValue;
        _code.Add((byte)(small ? 0x83 : 0x81));
        _code.Add((byte)(0xC0 | operation << 3 | (int)register & 7));
        if (small)
        {
            _code.Add((byte)number);
        }
        else
        {
            Number(number);
        }
    }

    private void Registers(Prefix prefix, Map map, byte opcode, int z, int a, int b, bool wide = false)
    {
        Evex(prefix, map, z, a, ~b >> 4 & 1, ~b >> 3 & 1, wide, 2);
        _code.Add(opcode);
        _code.Add((byte)(0xC0 | (z & 7) << 3 | b & 7));
    }

    private void FromMemory(Prefix prefix, Map map, byte opcode, int z, int a, Register from, int displacement, int unit, int length = 2)
    {
        Evex(prefix, map, z, a, 1, ~(int)from >> 3 & 1, false, length);
        _code.Add(opcode);
        Memory(z & 7, from, displacement, unit);
    }

    // x and b are the inverted high bits of what the last operand names: of a register bits 4 and 3, of a base register bit 3 in b.
    private void Evex(Prefix prefix, Map map, int z, int a, int x, int b, bool wide, int length)
    {
        _code.Add(0x62);
        _code.Add((byte)((~z >> 3 & 1) << 7 | x << 6 | b << 5 | (~z >> 4 & 1) << 4 | (int)map));
        _code.Add((byte)((wide ? 0x80 : 0) | (~a & 15) << 3 | 4 | (int)prefix));
        _code.Add((byte)(length << 5 | (~a >> 4 & 1) << 3));
    }

    // ModRM, and the displacement: a byte that counts units where that can say it.
    private void Memory(int register, Register from, int displacement, int unit)
    {
        int low = (int)from & 7;
        bool small = displacement % unit == 0 && displacement / unit is >= sbyte.MinValue and <= sbyte.MaxValue;
        int mode = displacement == 0 && low != 5 ? 0 : small ? 1 : 2;
        _code.Add((byte)(mode << 6 | register << 3 | low));
        if (low == 4)
        {
            _code.Add(0x24);
        }

        Displacement(mode, displacement, unit);
    }

    private void Displacement(int mode, int displacement, int unit)
    {
        if (mode == 1)
        {
            _code.Add((byte)(displacement / unit));
        }
        else if (mode == 2)
        {
            Number(displacement);
        }
    }

    private void Number(int number)
    {
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, number);
        _code.AddRange(bytes);
    }

    private enum Prefix
    {
        None,

        P66,

        PF3,

        PF2,
    }

    private enum Map
    {
        Of0F = 1,

        Of0F38,
    }
}

/// <summary>General registers by their numbers; those that a function may change without keeping them, in both calling conventions, and the first argument's.</summary>
internal enum Register
{
    /// <summary>Free.</summary>
    Rax,

    /// <summary>The first argument on Windows.</summary>
    Rcx,

    /// <summary>Free.</summary>
    Rdx,

    /// <summary>The first argument elsewhere.</summary>
    Rdi = 7,

    /// <summary>Free.</summary>
    R8,

    /// <summary>Free.</summary>
    R9,

    /// <summary>Free.</summary>
    R10,

    /// <summary>Free.</summary>
    R11,
}
