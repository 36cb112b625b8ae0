using System.Security.Cryptography;
using System.Text;
using Stemsharp.Audio;
using Stemsharp.Separation;

namespace Stemsharp.Chains;

/// <summary>
/// The stems of one run in a file: temporary, or kept under a name so that a later process can go on from there. A kept file ends
/// with what it was made of and a checksum; it gets its name when it is whole.
/// </summary>
internal sealed class RunResult : IDisposable
{
    /// <summary>How kept files end.</summary>
    public const string Suffix = ".stemsharp-step";

    private const int ChecksumBytes = 32, LengthBytes = 4;

    private readonly StemSpool _spool;
    private readonly OutputFile? _file;
    private readonly FileStream? _stream;
    private readonly string _recipe;
    private readonly IncrementalHash[] _hashes;
    private readonly long[] _written;
    private readonly int _rate, _channels;
    private readonly long _length, _bytes;

    private RunResult(RunForm form, StemSpool spool, string recipe, OutputFile? file = null, FileStream? stream = null)
    {
        _spool = spool;
        _recipe = recipe;
        _file = file;
        _stream = stream;
        (_rate, _channels, _length, _bytes) = (form.SampleRate, form.Channels, form.Length, form.Bytes);
        _hashes = file is null ? [] : [.. Enumerable.Range(0, form.Stems).Select(_ => IncrementalHash.CreateHash(HashAlgorithmName.SHA256))];
        _written = new long[form.Stems];
    }

    /// <summary>A result that goes with this process.</summary>
    /// <param name="form">What it holds.</param>
    /// <param name="folder">Where; null for the system's temporary folder.</param>
    public static RunResult Temporary(RunForm form, string? folder) => new(form, new StemSpool(folder, form.Stems, form.PlaneSamples), "");

    /// <summary>A result that is kept once it is complete.</summary>
    /// <param name="form">What it holds.</param>
    /// <param name="folder">Where; it exists.</param>
    /// <param name="recipe">What it is made of.</param>
    public static RunResult Keep(RunForm form, string folder, string recipe)
    {
        DiskSpace.Require(folder, form.Bytes, "for the results of a chain's steps");
        OutputFile file = new(Path.Combine(folder, NameOf(recipe)));
        try
        {
            FileStream? stream = null;
            file.Guard(() => stream = new FileStream(file.TemporaryPath, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete, 0));
            return new RunResult(form, new StemSpool(stream!, folder, form.PlaneSamples), recipe, file, stream);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>A result that an earlier process kept; null where there is none, or none that is whole. What is not whole is deleted.</summary>
    /// <param name="form">What it must hold.</param>
    /// <param name="folder">Where.</param>
    /// <param name="recipe">What it must be made of.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <param name="wasBroken">Whether there was one that is of no use.</param>
    public static RunResult? TryOpen(RunForm form, string folder, string recipe, CancellationToken cancellationToken, out bool wasBroken)
    {
        string path = Path.Combine(folder, NameOf(recipe));
        wasBroken = false;
        if (!File.Exists(path))
        {
            return null;
        }

        try
        {
            FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 0);
            if (IsWhole(stream, form, recipe, cancellationToken))
            {
                return new RunResult(form, new StemSpool(stream, folder, form.PlaneSamples), recipe);
            }

            stream.Dispose();
            wasBroken = true;
            File.Delete(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // What cannot be read is made anew.
            wasBroken = true;
        }

        return null;
    }

    /// <summary>Deletes the kept results in a folder that are not among some, and what dead processes left.</summary>
    /// <param name="folder">It may be missing.</param>
    /// <param name="recipes">What stays.</param>
    public static void Sweep(string folder, IEnumerable<string> recipes)
    {
        if (!Directory.Exists(folder))
        {
            return;
        }

        OutputFile.Sweep(folder);
        HashSet<string> stay = [.. recipes.Select(NameOf)];
        foreach (string file in Directory.EnumerateFiles(folder, "*" + Suffix).Where(file => !stay.Contains(Path.GetFileName(file))))
        {
            Delete(file);
        }
    }

    /// <summary>Deletes a kept result.</summary>
    public static void Forget(string folder, string recipe) => Delete(Path.Combine(folder, NameOf(recipe)));

    /// <summary>Appends frames of a stem, channels interleaved. Several stems may be written at once.</summary>
    public void Write(int stem, ReadOnlySpan<float> interleaved)
    {
        _spool.Write(stem, _written[stem], interleaved);
        _written[stem] += interleaved.Length;
        if (_file is not null)
        {
            _hashes[stem].AppendData(System.Runtime.InteropServices.MemoryMarshal.AsBytes(interleaved));
        }
    }

    /// <summary>All is written: a result that is kept gets its name.</summary>
    public void Complete()
    {
        if (_file is null)
        {
            return;
        }

        byte[] recipe = Encoding.UTF8.GetBytes(_recipe);
        byte[] tail = [.. recipe, .. Digest(_hashes.Select(hash => hash.GetHashAndReset()), recipe), .. BitConverter.GetBytes(recipe.Length)];
        _file.Guard(() =>
        {
            RandomAccess.Write(_stream!.SafeFileHandle, tail, _bytes);
            _stream.Flush(flushToDisk: true);
        });
        _file.Commit();
        _file.Settle();
    }

    /// <summary>Opens a stem at its start.</summary>
    public IAudioReader Open(int stem) => new Reader(this, stem);

    public void Dispose()
    {
        _spool.Dispose();
        _file?.Dispose();
        foreach (IncrementalHash hash in _hashes)
        {
            hash.Dispose();
        }
    }

    public static string NameOf(string recipe) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(recipe)))[..20] + Suffix;

    private static byte[] Digest(IEnumerable<byte[]> planes, byte[] recipe) => SHA256.HashData([.. planes.SelectMany(plane => plane), .. recipe]);

    private static bool IsWhole(FileStream stream, RunForm form, string recipe, CancellationToken cancellationToken)
    {
        byte[] wanted = Encoding.UTF8.GetBytes(recipe);
        if (stream.Length != form.Bytes + wanted.Length + ChecksumBytes + LengthBytes)
        {
            return false;
        }

        List<byte[]> planes = [];
        byte[] block = new byte[1 << 20];
        for (int stem = 0; stem < form.Stems; stem++)
        {
            using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            for (long left = form.Bytes / form.Stems; left > 0;)
            {
                cancellationToken.ThrowIfCancellationRequested();
                int count = (int)Math.Min(left, block.Length);
                stream.ReadExactly(block, 0, count);
                hash.AppendData(block, 0, count);
                left -= count;
            }

            planes.Add(hash.GetHashAndReset());
        }

        byte[] tail = new byte[wanted.Length + ChecksumBytes + LengthBytes];
        stream.ReadExactly(tail);
        return tail.AsSpan(0, wanted.Length).SequenceEqual(wanted)
            && tail.AsSpan(wanted.Length, ChecksumBytes).SequenceEqual(Digest(planes, wanted));
    }

    private static void Delete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // It stays, hidden; the next run tries again.
        }
    }

    private sealed class Reader(RunResult owner, int stem) : IAudioReader
    {
        private long _position;

        public int SampleRate => owner._rate;

        public int Channels => owner._channels;

        public long? Length => owner._length;

        public int Read(Span<float> interleaved)
        {
            int count = (int)Math.Min(interleaved.Length / Channels * Channels, owner._length * Channels - _position);
            int got = count == 0 ? 0 : owner._spool.Read(stem, _position, interleaved[..count]);
            _position += got;
            return got / Channels;
        }

        public void Dispose()
        {
        }
    }
}

/// <summary>What a <see cref="RunResult"/> holds.</summary>
/// <param name="Stems">How many stems.</param>
/// <param name="Length">Frames of each.</param>
/// <param name="Channels">Samples in a frame.</param>
/// <param name="SampleRate">Their rate in Hz.</param>
internal sealed record RunForm(int Stems, long Length, int Channels, int SampleRate)
{
    /// <summary>Samples of one stem.</summary>
    public long PlaneSamples => Length * Channels;

    /// <summary>What its samples take on disk.</summary>
    public long Bytes => StemSpool.Bytes(Stems, PlaneSamples);
}
