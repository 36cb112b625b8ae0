using System.Buffers.Binary;
using System.IO.Compression;
using Stemsharp.Cli.Evaluation.Reports;
using Xunit;

namespace Stemsharp.Cli.Tests.Evaluation;

public class PngImageTests
{
    [Fact]
    public void Pixels_and_palette_come_back()
    {
        byte[] pixels = [0, 1, 2, 2, 1, 0];
        byte[] palette = [255, 0, 0, 0, 255, 0, 0, 0, 255];
        byte[] png = PngImage.Encode(3, 2, pixels, palette);
        Assert.Equal([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A], png[..8]);

        Dictionary<string, byte[]> chunks = [];
        int position = 8;
        while (position < png.Length)
        {
            int length = BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(position));
            string type = System.Text.Encoding.ASCII.GetString(png, position + 4, 4);
            chunks.Add(type, png[(position + 8)..(position + 8 + length)]);
            position += 12 + length;
        }

        Assert.Equal(["IHDR", "PLTE", "IDAT", "IEND"], chunks.Keys);
        Assert.Equal([0, 0, 0, 3, 0, 0, 0, 2, 8, 3, 0, 0, 0], chunks["IHDR"]);
        Assert.Equal(palette, chunks["PLTE"]);
        // The CRC of an empty IEND is the same in every PNG file.
        Assert.Equal([0xAE, 0x42, 0x60, 0x82], png[^4..]);
        using ZLibStream data = new(new MemoryStream(chunks["IDAT"]), CompressionMode.Decompress);
        using MemoryStream rows = new();
        data.CopyTo(rows);
        Assert.Equal([0, 0, 1, 2, 0, 2, 1, 0], rows.ToArray());
    }
}
