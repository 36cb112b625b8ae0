namespace Stemsharp.Fleet.Storage;

/// <summary>A file that a client of some server writes to; what goes wrong with the disk does not look like the network's fault.</summary>
/// <param name="file">The file, which stays open.</param>
/// <param name="path">What it is called.</param>
internal sealed class GuardedStream(FileStream file, string path) : Stream
{
    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => file.Length;

    public override long Position
    {
        get => file.Position;
        set => throw new NotSupportedException();
    }

    public override void Flush() => file.Flush();

    public override Task FlushAsync(CancellationToken cancellationToken) => LocalFile.FlushAsync(file, path, cancellationToken);

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count)
    {
        try
        {
            file.Write(buffer, offset, count);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw LocalFile.Fault(path, exception);
        }
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        LocalFile.WriteAsync(file, path, buffer.AsMemory(offset, count), cancellationToken);

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        new(LocalFile.WriteAsync(file, path, buffer, cancellationToken));
}
