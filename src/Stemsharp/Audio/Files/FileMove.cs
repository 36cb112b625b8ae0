namespace Stemsharp.Audio;

/// <summary>
/// Gives a finished file another name, in one step where a file has that name already; until <see cref="Settle"/> it can be undone, so
/// that several files get their names together or not at all.
/// </summary>
/// <param name="from">Where it is.</param>
/// <param name="to">Its name, on the same volume.</param>
internal sealed class FileMove(string from, string to)
{
    private string? _earlier;
    private bool _made;

    /// <summary>Makes all moves, or none.</summary>
    /// <exception cref="IOException">One could not be made; the others were taken back.</exception>
    public static void Together(IReadOnlyList<FileMove> moves)
    {
        Together(moves, move => move.Make(), move => move.Undo());
        foreach (FileMove move in moves)
        {
            move.Settle();
        }
    }

    /// <summary>Makes all of some moves, or none.</summary>
    /// <param name="moves">What moves.</param>
    /// <param name="make">Makes one; what it throws goes on when the others are taken back.</param>
    /// <param name="undo">Takes one back, if it was made.</param>
    public static void Together<T>(IReadOnlyList<T> moves, Action<T> make, Action<T> undo)
    {
        try
        {
            foreach (T move in moves)
            {
                make(move);
            }
        }
        catch
        {
            foreach (T move in moves)
            {
                undo(move);
            }

            throw;
        }
    }

    /// <summary>Gives the name; a file that had it is kept under a temporary one.</summary>
    public void Make()
    {
        if (File.Exists(to))
        {
            string earlier = Path.Combine(Path.GetDirectoryName(to)!, OutputFile.TemporaryName());
            File.Replace(from, to, earlier);
            _earlier = earlier;
        }
        else
        {
            File.Move(from, to);
        }

        _made = true;
    }

    /// <summary>Takes the name back, if it was given: the file is where it was, and so is one that had the name before.</summary>
    public void Undo()
    {
        if (!_made)
        {
            return;
        }

        _made = false;
        File.Move(to, from);
        if (_earlier is { } earlier)
        {
            File.Move(earlier, to);
            _earlier = null;
        }
    }

    /// <summary>Nothing is undone any more, and the file that had the name goes.</summary>
    public void Settle()
    {
        try
        {
            if (_earlier is { } earlier)
            {
                File.Delete(earlier);
                _earlier = null;
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // It goes with the next sweep.
        }
    }
}
