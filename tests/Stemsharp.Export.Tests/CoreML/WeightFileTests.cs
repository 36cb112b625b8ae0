using System.Buffers.Binary;
using Stemsharp.Export.CoreML.Mil;
using Stemsharp.Export.CoreML.Palettization;
using Xunit;

namespace Stemsharp.Export.Tests.CoreML;

public class WeightFileTests
{
    [Fact]
    public void Narrow_indices_are_packed_from_the_low_bit_up()
    {
        byte[] indices = [.. Enumerable.Range(0, 11).Select(i => (byte)((7 * i + 1) % 64))];
        Assert.Equal(Convert.FromHexString("01F2581DB9CA397000"), BitPacking.Pack(indices, 6));
        Assert.Equal([0x21, 0x43, 0x05], BitPacking.Pack([1, 2, 3, 4, 5], 4));
        Assert.Equal([7, 200], BitPacking.Pack([7, 200], 8));
    }

    [Fact]
    public void Blobs_stand_aligned_behind_their_metadata_and_equal_ones_are_shared()
    {
        MemoryStream stream = new();
        using WeightFileWriter writer = new(stream);
        Assert.Equal(64ul, writer.Add(MilType.Float16, [1, 2, 3, 4], 2));
        Assert.Equal(192ul, writer.Add(MilType.UInt6, [9, 9, 9, 9, 9, 9, 9, 9, 0], 11));
        Assert.Equal(64ul, writer.Add(MilType.Float16, [1, 2, 3, 4], 2));
        writer.Complete();
        byte[] file = stream.ToArray();
        Assert.Equal(192 + 64 + 9, file.Length);
        Assert.Equal((2u, 2u), (Word(0), Word(4)));
        Assert.Equal((0xDEADBEEFu, 1u, 4ul, 128ul, 0ul), (Word(64), Word(68), Long(72), Long(80), Long(88)));
        Assert.Equal((0xDEADBEEFu, 13u, 9ul, 256ul, 6ul), (Word(192), Word(196), Long(200), Long(208), Long(216)));
        Assert.All(file[132..192], b => Assert.Equal(0, b));

        uint Word(int offset) => BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(offset));
        ulong Long(int offset) => BinaryPrimitives.ReadUInt64LittleEndian(file.AsSpan(offset));
    }
}
