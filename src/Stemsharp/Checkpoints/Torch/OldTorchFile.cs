using System.Buffers.Binary;
using System.Text;

namespace Stemsharp.Checkpoints.Torch;

/// <summary>
/// A file of torch.save before 1.6: pickles one after the other, then the storages. It is not read; its names are enough to say what it is.
/// </summary>
internal static class OldTorchFile
{
    // The pickle of a state dict with thousands of tensors is smaller.
    private const int MaxBytes = 4 << 20;
    private const int MaxName = 200;

    // Opcodes of strings: their length in four bytes or in one, then UTF-8.
    private const byte BinUnicode = (byte)'X', ShortBinUnicode = 0x8c;

    /// <summary>Everything near the file's beginning that is stored as a string and looks like a tensor's name, which has dots.</summary>
    public static IReadOnlyList<string> Names(ByteSource source)
    {
        ReadOnlySpan<byte> bytes = source.ReadBytes(0, (int)Math.Min(source.Length, MaxBytes));
        List<string> names = [];
        for (int at = 0; at < bytes.Length; at++)
        {
            int header = bytes[at] == BinUnicode ? 5 : 2;
            if (bytes[at] is not (BinUnicode or ShortBinUnicode) || at + header > bytes.Length)
            {
                continue;
            }

            long length = header == 5 ? BinaryPrimitives.ReadUInt32LittleEndian(bytes[(at + 1)..]) : bytes[at + 1];
            if (length is < 3 or > MaxName || at + header + length > bytes.Length)
            {
                continue;
            }

            ReadOnlySpan<byte> text = bytes.Slice(at + header, (int)length);
            if (text.Contains((byte)'.') && text.IndexOfAnyExceptInRange((byte)0x21, (byte)0x7e) < 0)
            {
                names.Add(Encoding.ASCII.GetString(text));
                at += header + (int)length - 1;
            }
        }

        return names;
    }
}
