using Stemsharp.Audio;

namespace Stemsharp.Music;

/// <summary>What a part is in a song.</summary>
public enum MusicRole
{
    /// <summary>Everything, or everything but a voice.</summary>
    Mix,

    /// <summary>Drums.</summary>
    Drums,

    /// <summary>Instruments with pitch, the bass included.</summary>
    Instrument,

    /// <summary>Voices: of use for the key, but their onsets are not on the beat.</summary>
    Voice,
}

/// <summary>A part of a song.</summary>
/// <param name="Reader">Its sound.</param>
/// <param name="Role">What it is.</param>
public sealed record MusicPart(IAudioReader Reader, MusicRole Role);

/// <summary>What a role means.</summary>
public static class MusicRoles
{
    /// <summary>The role that a stem's usual name tells.</summary>
    /// <param name="stem">Such as <c>drums</c>, <c>bass</c>, <c>vocals</c> or <c>no_vocals</c>; a name that tells nothing is an instrument's.</param>
    public static MusicRole Of(string stem) => stem switch
    {
        "drums" => MusicRole.Drums,
        "vocals" or "lead" or "backing" => MusicRole.Voice,
        "no_vocals" or "instrumental" or "accompaniment" => MusicRole.Mix,
        _ => MusicRole.Instrument,
    };

    /// <summary>How much of a part counts where beats and where notes are looked for.</summary>
    internal static (float Rhythm, float Harmony) Weights(this MusicRole role) => role switch
    {
        MusicRole.Drums => (1, 0),
        MusicRole.Instrument => (0.5f, 1),
        MusicRole.Voice => (0, 0.5f),
        _ => (1, 1),
    };
}
