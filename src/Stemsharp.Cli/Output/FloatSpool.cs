using System.Runtime.InteropServices;

namespace Stemsharp.Cli.Output;

/// <summary>Floats that wait in a temporary file: written front to back, then read front to back.</summary>
internal sealed class FloatSpool : IDisposable
{
    private readonly FileStream _file;
    private bool _reading;

    internal FloatSpool(string path) =>
        _file = new FileStream(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1 << 16, FileOptions.DeleteOnClose);

    internal void Write(ReadOnlySpan<float> samples) => _file.Write(MemoryMarshal.AsBytes(samples));

    /// <summary>Reads the next samples; fewer than asked for only at the end.</summary>
    internal int Read(Span<float> samples)
    {
        if (!_reading)
        {
            _file.Flush();
            _file.Position = 0;
            _reading = true;
        }

        return _file.ReadAtLeast(MemoryMarshal.AsBytes(samples), samples.Length * sizeof(float), throwOnEndOfStream: false) / sizeof(float);
    }

    public void Dispose() => _file.Dispose();
}
