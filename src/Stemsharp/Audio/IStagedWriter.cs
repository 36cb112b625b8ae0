namespace Stemsharp.Audio;

/// <summary>
/// A writer of a file whose completion has two steps, so that of several files none gets its name before all are whole.
/// </summary>
internal interface IStagedWriter : IAudioWriter
{
    /// <summary>Writes all that is left, under the temporary name.</summary>
    /// <exception cref="AudioException">The file can't be finished.</exception>
    void Finish();

    /// <summary>Gives the finished file its name, replacing a file that is there.</summary>
    /// <exception cref="AudioException">The file can't be renamed.</exception>
    void Commit();

    /// <summary>Takes the name back if it was given: what was there before is there again. Only before <see cref="IDisposable.Dispose"/>.</summary>
    void Undo();
}
