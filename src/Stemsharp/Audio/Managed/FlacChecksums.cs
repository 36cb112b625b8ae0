namespace Stemsharp.Audio;

/// <summary>The checksums of FLAC's frames (RFC 9639, section 9).</summary>
internal static class FlacChecksums
{
    private static readonly byte[] s_crc8 = Table8();
    private static readonly ushort[] s_crc16 = Table16();

    /// <summary>Of a frame's header: x⁸ + x² + x + 1.</summary>
    public static byte Crc8(ReadOnlySpan<byte> bytes)
    {
        byte crc = 0;
        foreach (byte b in bytes)
        {
            crc = s_crc8[crc ^ b];
        }

        return crc;
    }

    /// <summary>Of a whole frame: x¹⁶ + x¹⁵ + x² + 1.</summary>
    public static ushort Crc16(ReadOnlySpan<byte> bytes)
    {
        ushort crc = 0;
        foreach (byte b in bytes)
        {
            crc = (ushort)(crc << 8 ^ s_crc16[crc >> 8 ^ b]);
        }

        return crc;
    }

    private static byte[] Table8()
    {
        byte[] table = new byte[256];
        for (int i = 0; i < 256; i++)
        {
            int value = i;
            for (int bit = 0; bit < 8; bit++)
            {
                value = value << 1 ^ ((value & 0x80) != 0 ? 0x107 : 0);
            }

            table[i] = (byte)value;
        }

        return table;
    }

    private static ushort[] Table16()
    {
        ushort[] table = new ushort[256];
        for (int i = 0; i < 256; i++)
        {
            int value = i << 8;
            for (int bit = 0; bit < 8; bit++)
            {
                value = value << 1 ^ ((value & 0x8000) != 0 ? 0x18005 : 0);
            }

            table[i] = (ushort)value;
        }

        return table;
    }
}
