namespace Stemsharp.Audio;

/// <summary>A file of one kind that is known to be of that kind: what it says of itself, and readers of its sound.</summary>
internal interface IRecording
{
    /// <summary>What is known before it is read.</summary>
    AudioInfo Info { get; }

    /// <summary>Whether it is decoded, which costs as much each time.</summary>
    bool IsDecoded { get; }

    /// <summary>A reader at its start.</summary>
    /// <param name="found">Told, in sentences for the user, what turns out to be wrong with it while it is read; may throw.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    IAudioReader Open(Action<string> found, CancellationToken cancellationToken);

    /// <summary>Frames that are really there, without decoding them where that is possible; null where only decoding tells.</summary>
    long? CountFrames(CancellationToken cancellationToken);

    /// <summary>Tags and cover.</summary>
    AudioTags ReadTags(CancellationToken cancellationToken);
}

/// <summary>A reader that learns at its end, or where it is left, whether all was well.</summary>
internal interface IJudgingReader : IAudioReader
{
    /// <summary>Nothing more will be read: says what was wrong so far.</summary>
    void Leave();
}

/// <summary>A reader that goes to any frame at no cost.</summary>
internal interface ISeekingReader : IAudioReader
{
    /// <summary>Goes to a frame; beyond the end means the end.</summary>
    void Seek(long frame);
}
