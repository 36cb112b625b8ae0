using System.Buffers.Binary;
using Stemsharp.Tests;

namespace Stemsharp.Fleet.Bench.Runs;

/// <summary>Recordings for runs, made of the sample song.</summary>
internal static class Songs
{
    private const int Header = 44;
    private const double LongSeconds = 240;

    private static readonly Lazy<byte[]> s_song = new(() => File.ReadAllBytes(RepositoryFiles.Sample("song", "mix.wav")));

    /// <summary>A WAV of a length, the song over and over.</summary>
    internal static string Make(string path, double seconds)
    {
        byte[] song = s_song.Value;
        int length = (int)(seconds * 44100) * 4, whole = (song.Length - Header) / 4 * 4;
        byte[] clip = new byte[Header + length];
        song.AsSpan(0, Header).CopyTo(clip);
        for (int at = 0; at < length; at += whole)
        {
            song.AsSpan(Header, Math.Min(whole, length - at)).CopyTo(clip.AsSpan(Header + at));
        }

        BinaryPrimitives.WriteInt32LittleEndian(clip.AsSpan(4), clip.Length - 8);
        BinaryPrimitives.WriteInt32LittleEndian(clip.AsSpan(40), length);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, clip);
        return path;
    }

    /// <summary>What takes a while to separate: a worker that has it is killed before it is through.</summary>
    internal static string Long(string path) => Make(path, LongSeconds);
}
