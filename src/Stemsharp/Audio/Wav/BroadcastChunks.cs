using System.Buffers.Binary;
using System.Text;
using System.Xml;
using System.Xml.Linq;

namespace Stemsharp.Audio;

/// <summary>The chunks of broadcast WAV files: <c>bext</c> as EBU Tech 3285 lays it out, and <c>iXML</c>.</summary>
internal static class BroadcastChunks
{
    /// <summary>Bytes of a version-1 chunk without its coding history.</summary>
    private const int Bytes = 602;

    private const int LargestXml = 1 << 20;

    /// <summary>Reads a <c>bext</c> chunk; null where it is too short.</summary>
    /// <param name="chunk">Its content.</param>
    /// <param name="sampleRate">The file's rate.</param>
    public static BroadcastPosition? Read(ReadOnlySpan<byte> chunk, int sampleRate) => chunk.Length < 346 ? null : new BroadcastPosition
    {
        Description = Text(chunk[..256]),
        Originator = Text(chunk.Slice(256, 32)),
        OriginatorReference = Text(chunk.Slice(288, 32)),
        Date = Text(chunk.Slice(320, 10)),
        Time = Text(chunk.Slice(330, 8)),
        TimeReference = Math.Max(0, BinaryPrimitives.ReadInt64LittleEndian(chunk[338..])),
        SampleRate = sampleRate,
    };

    /// <summary>The text of an <c>iXML</c> chunk; null where it is none.</summary>
    public static string? ReadXml(ReadOnlySpan<byte> chunk)
    {
        string text = Encoding.UTF8.GetString(chunk).TrimEnd('\0');
        return chunk.Length <= LargestXml && text.Contains("<BWFXML", StringComparison.Ordinal) ? text : null;
    }

    /// <summary>The chunks for a file of a rate.</summary>
    public static IEnumerable<(string Id, byte[] Content)> Write(BroadcastPosition position, int sampleRate)
    {
        position = position.At(sampleRate);
        byte[] chunk = new byte[Bytes];
        Put(position.Description, chunk.AsSpan(0, 256));
        Put(position.Originator, chunk.AsSpan(256, 32));
        Put(position.OriginatorReference, chunk.AsSpan(288, 32));
        Put(position.Date, chunk.AsSpan(320, 10));
        Put(position.Time, chunk.AsSpan(330, 8));
        BinaryPrimitives.WriteInt64LittleEndian(chunk.AsSpan(338), position.TimeReference);
        BinaryPrimitives.WriteInt16LittleEndian(chunk.AsSpan(346), 1);
        yield return ("bext", chunk);
        if (position.IXml is { } xml && Placed(xml, position) is { } placed)
        {
            yield return ("iXML", Encoding.UTF8.GetBytes(placed));
        }
    }

    /// <summary>An iXML document that tells a file's own place and rate; null where it cannot be read.</summary>
    private static string? Placed(string xml, BroadcastPosition position)
    {
        try
        {
            using XmlReader reader = XmlReader.Create(new StringReader(xml), new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null });
            XDocument document = XDocument.Load(reader);
            foreach (XElement element in document.Descendants())
            {
                string? value = element.Name.LocalName switch
                {
                    "TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_LO" => ((uint)position.TimeReference).ToString(System.Globalization.CultureInfo.InvariantCulture),
                    "TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_HI" => (position.TimeReference >> 32).ToString(System.Globalization.CultureInfo.InvariantCulture),
                    "FILE_SAMPLE_RATE" or "TIMESTAMP_SAMPLE_RATE" => position.SampleRate.ToString(System.Globalization.CultureInfo.InvariantCulture),
                    _ => null,
                };
                if (value is not null)
                {
                    element.Value = value;
                }
            }

            return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" + document.ToString(SaveOptions.DisableFormatting);
        }
        catch (XmlException)
        {
            return null;
        }
    }

    private static string Text(ReadOnlySpan<byte> field)
    {
        int end = field.IndexOf((byte)0);
        return Encoding.Latin1.GetString(end < 0 ? field : field[..end]).Trim();
    }

    private static void Put(string text, Span<byte> field)
    {
        byte[] bytes = Encoding.Latin1.GetBytes(text);
        bytes.AsSpan(0, Math.Min(bytes.Length, field.Length)).CopyTo(field);
    }
}
