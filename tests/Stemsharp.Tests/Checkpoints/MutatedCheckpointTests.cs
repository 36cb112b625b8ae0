using System.Buffers.Binary;
using Stemsharp.Checkpoints;
using Stemsharp.Model;
using Xunit;

namespace Stemsharp.Tests.Checkpoints;

/// <summary>
/// Thousands of damaged files: each is read as something valid or refused with a <see cref="ModelException"/>;
/// none makes another error, allocates without bound or takes long.
/// </summary>
public sealed class MutatedCheckpointTests
{
    private const long AllocationLimit = 32 << 20;

    private static readonly byte[] Storage = [.. Enumerable.Range(0, 64).Select(i => (byte)i)];

    // Small, so that every byte of it can be damaged: a pickle with arguments, three tensors, a shared storage.
    private static byte[] Pickle => PickleBuilder.Package(
        p => p.Text("a").Tensor("FloatStorage", "0", 16, 0, [4, 4], [4, 1])
            .Text("b").Tensor("FloatStorage", "0", 16, 3, [3, 2], [1, 4])
            .Text("c").Tensor("HalfStorage", "1", 32, 0, [32], [1]),
        p => p.Text("sources").Op("](").Text("drums").Text("bass").Op("e")
            .Text("segment").Global("fractions", "Fraction").Text("39/5").Op(0x85).Op("R").Text("channels").Int(48));

    private static byte[] Stored => new ZipBuilder().Add("x/data.pkl", Pickle).Add("x/data/0", Storage).Add("x/data/1", Storage).Add("x/version", "3\n"u8.ToArray()).Build();

    private static byte[] Deflated => new ZipBuilder().Add("x/data.pkl", Pickle, deflate: true).Add("x/data/0", Storage, deflate: true).Add("x/data/1", Storage, deflate: true).Build();

    private static byte[] Zip64 => new ZipBuilder().Add("x/data.pkl", Pickle).Add("x/data/0", Storage).Add("x/data/1", Storage).BuildZip64();

    private static byte[] Safetensors => new SafetensorsBuilder().Add("a", "F32", [4, 4], Storage).Add("b", "F16", [32], Storage).Add("c", "BF16", [2, 16], Storage).Build();

    public static TheoryData<string> Kinds => new("stored", "deflated", "zip64", "safetensors");

    private static byte[] Make(string kind) => kind switch
    {
        "stored" => Stored,
        "deflated" => Deflated,
        "zip64" => Zip64,
        _ => Safetensors,
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void The_undamaged_files_are_valid(string kind) => Assert.True(IsReadable(Make(kind)));

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Any_byte_flipped(string kind)
    {
        byte[] good = Make(kind);
        int refused = 0;
        for (int i = 0; i < good.Length; i++)
        {
            foreach (byte mask in (byte[])[0x01, 0x80, 0xff])
            {
                byte[] bad = [.. good];
                bad[i] ^= mask;
                if (!IsReadable(bad))
                {
                    refused++;
                }
            }
        }

        // What is left unnoticed lies where nothing depends on it: dates, padding, unprotected tensor bytes.
        Assert.True(refused > good.Length, $"{refused} of {3 * good.Length} were refused.");
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Cut_anywhere(string kind)
    {
        byte[] good = Make(kind);
        for (int length = 0; length < good.Length; length++)
        {
            Assert.False(IsReadable(good[..length]), $"Cut to {length} of {good.Length} bytes.");
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Any_field_set_to_an_extreme(string kind)
    {
        byte[] good = Make(kind);
        for (int i = 0; i + 8 <= good.Length; i++)
        {
            foreach (uint value in (uint[])[0, 1, 0x7fffffff, 0xffffffff])
            {
                byte[] bad = [.. good];
                BinaryPrimitives.WriteUInt32LittleEndian(bad.AsSpan(i), value);
                IsReadable(bad);
            }

            byte[] wide = [.. good];
            BinaryPrimitives.WriteUInt64LittleEndian(wide.AsSpan(i), ulong.MaxValue >> 1);
            IsReadable(wide);
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Pieces_moved_doubled_and_dropped(string kind)
    {
        byte[] good = Make(kind);
        Random random = new(20261121);
        for (int round = 0; round < 400; round++)
        {
            int from = random.Next(good.Length), length = random.Next(1, 64), to = random.Next(good.Length);
            ReadOnlySpan<byte> piece = good.AsSpan(from, Math.Min(length, good.Length - from));
            byte[] bad = (round % 3) switch
            {
                0 => [.. good[..to], .. piece, .. good[to..]],
                1 => [.. good[..from], .. good[(from + piece.Length)..]],
                _ => [.. good[..to], .. piece, .. good[Math.Min(good.Length, to + piece.Length)..]],
            };
            IsReadable(bad);
        }
    }

    [Fact]
    public void A_real_checkpoint_with_random_damage()
    {
        byte[] good = File.ReadAllBytes(RepositoryFiles.Golden("tiny4", "tiny4-cf67fb40.th"));
        Random random = new(7);
        int refused = 0;
        for (int round = 0; round < 150; round++)
        {
            byte[] bad = [.. good];
            // Damage the pickle at the front and the directory at the back more than the weights between.
            int span = (round % 3) switch { 0 => 70_000, 1 => bad.Length, _ => 60_000 };
            int start = round % 3 == 2 ? bad.Length - span : 0;
            for (int n = random.Next(1, 5); n > 0; n--)
            {
                bad[start + random.Next(span)] = (byte)random.Next(256);
            }

            if (!IsReadable(bad))
            {
                refused++;
            }
        }

        Assert.True(refused > 100, $"{refused} of 150 were refused.");
    }

    private static bool IsReadable(byte[] file)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        bool readable = true;
        try
        {
            using Checkpoint checkpoint = Checkpoint.Open(new MemoryStream(file), "x.th");
            foreach (StoredTensor tensor in checkpoint.Tensors)
            {
                tensor.CopyRawTo(new byte[tensor.Count * tensor.Type.Size()]);
                tensor.CopyTo(new float[tensor.Count]);
            }

            if (checkpoint.Arguments is not null)
            {
                FamilyTable.All.Read(checkpoint);
            }
        }
        catch (ModelException)
        {
            readable = false;
        }

        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(allocated < AllocationLimit, $"{allocated:N0} bytes were allocated for a file of {file.Length:N0}.");
        return readable;
    }
}
