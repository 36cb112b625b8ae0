using Stemsharp.Audio;
using Stemsharp.Client;

namespace Stemsharp.Web.Separation;

/// <summary>A job's settings in the library's words.</summary>
internal static class JobFiles
{
    private static readonly (string Name, SampleFormat Format)[] s_depths =
    [
        ("pcm16", SampleFormat.Int16), ("pcm24", SampleFormat.Int24), ("float32", SampleFormat.Float32),
    ];

    private static readonly (string Name, OtherMethod Method)[] s_rests =
    [
        ("add", OtherMethod.Add), ("minus", OtherMethod.Minus), ("none", OtherMethod.None),
    ];

    /// <summary>Words for the depth of files, the default first.</summary>
    public static string[] Depths { get; } = [.. s_depths.Select(depth => depth.Name)];

    /// <summary>The library's word for one of <see cref="Depths"/>.</summary>
    public static SampleFormat DepthOf(string depth) => s_depths.Single(known => known.Name == depth).Format;

    /// <summary>Words for the rest beside one stem, the default first.</summary>
    public static string[] Rests { get; } = [.. s_rests.Select(rest => rest.Name)];

    /// <summary>What files the settings ask for.</summary>
    /// <param name="settings">Complete ones.</param>
    public static StemFileOptions Of(JobSettings settings)
    {
        (ClipMode mode, bool shared) = ClipModes.Parse(settings.ClipMode!);
        return new StemFileOptions
        {
            Encoding = new EncodingOptions { SampleFormat = DepthOf(settings.SampleFormat!) },
            ClipMode = mode,
            SharedGain = shared,
            TwoStems = settings.TwoStems,
            OtherMethod = settings.OtherMethod is { } rest ? s_rests.Single(known => known.Name == rest).Method : OtherMethod.Add,
            ExactSum = settings.ExactSum,
            ResidualStem = settings.ExactSum ? settings.Residual : null,
        };
    }
}
