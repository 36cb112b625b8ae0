
namespace Stemsharp.Web.Store;

/// <summary>
/// What the data folder takes and may take. Space is reserved when something is admitted, so that work which has
/// begun does not find the disk full.
/// </summary>
internal sealed class DiskBudget(long? maxBytes, string root)
{
    private const long Spare = 64L << 20;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, long> _items = [];
    private long _used;

    public long? MaxBytes => maxBytes;

    public long UsedBytes
    {
        get
        {
            lock (_gate)
            {
                return _used;
            }
        }
    }

    /// <summary>What is booked for an item; 0 where nothing is.</summary>
    public long Booked(string item)
    {
        lock (_gate)
        {
            return _items.GetValueOrDefault(item);
        }
    }

    /// <summary>Books an item that needs space, or refuses it.</summary>
    public void Reserve(string item, long bytes)
    {
        long free = new DriveInfo(root).AvailableFreeSpace;
        lock (_gate)
        {
            long used = _used - _items.GetValueOrDefault(item) + bytes;
            if (maxBytes is { } max && used > max)
            {
                throw new StoreException(
                    StoreErrorKind.DiskFull,
                    $"This needs {Megabytes(bytes)} MB, and {Megabytes(Math.Max(0, max - _used))} MB of the {Megabytes(max)} MB that the server may use are left. Delete songs that are done, or start the server with a larger --max-disk.");
            }
            if (bytes > free - Spare)
            {
                throw new StoreException(
                    StoreErrorKind.DiskFull,
                    $"This needs {Megabytes(bytes)} MB and the disk has {Megabytes(free)} MB left. Make room on the disk, or use another with --data.");
            }
            _used = used;
            _items[item] = bytes;
        }
    }

    /// <summary>Books what an item takes now, without asking.</summary>
    public void Set(string item, long bytes)
    {
        lock (_gate)
        {
            _used += bytes - _items.GetValueOrDefault(item);
            _items[item] = bytes;
        }
    }

    public void Release(string item)
    {
        lock (_gate)
        {
            if (_items.Remove(item, out long bytes))
            {
                _used -= bytes;
            }
        }
    }

    private static long Megabytes(long bytes) => bytes / 1_000_000;
}
