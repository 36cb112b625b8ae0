using System.Globalization;
using System.Text;

namespace Stemsharp.Fleet.Storage;

/// <summary>Names of objects: stores take letters, digits and a few signs; everything else is written as <c>=XX</c>, byte by byte.</summary>
internal static class ObjectName
{
    /// <summary>Whether stores take a name as it stands.</summary>
    internal static bool IsOne(string name) => name.All(c => char.IsAsciiLetterOrDigit(c) || c is '/' or '-' or '_' or '.' or '=');

    /// <summary>A name as an object's.</summary>
    internal static string Of(string name)
    {
        StringBuilder plain = new(name.Length);
        foreach (byte value in Encoding.UTF8.GetBytes(name))
        {
            char c = (char)value;
            _ = char.IsAsciiLetterOrDigit(c) || c is '/' or '-' or '_' or '.' ? plain.Append(c) : plain.Append(CultureInfo.InvariantCulture, $"={value:X2}");
        }

        return plain.ToString();
    }

    /// <summary>An object's name as it was before.</summary>
    internal static string Read(string name)
    {
        List<byte> bytes = [];
        for (int i = 0; i < name.Length; i++)
        {
            if (name[i] == '=' && i + 2 < name.Length && byte.TryParse(name.AsSpan(i + 1, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out byte value))
            {
                bytes.Add(value);
                i += 2;
            }
            else
            {
                bytes.Add((byte)name[i]);
            }
        }

        return Encoding.UTF8.GetString([.. bytes]);
    }
}
