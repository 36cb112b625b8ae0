namespace Stemsharp.Model;

/// <summary>
/// Networks that people have on disk beside those that are families, told by tensors that only they have: refused by their names, with
/// a known checkpoint of a family that does the same job.
/// </summary>
internal static class OtherNetworks
{
    // Parts of file names, most special first, and what does such a file's job. The last one is what most files are for.
    private static readonly (string Part, string Job, string Instead)[] s_jobs =
    [
        ("dereverb", "removing reverberation", "bs-roformer-dereverb-anvuew or mdx23c-dereverb-aufr33-jarredou"),
        ("deecho", "removing echo", "bs-roformer-dereverb-anvuew"),
        ("denoise", "removing noise", "mel-band-roformer-denoise-aufr33"),
        ("kara", "lead vocals", "mel-band-roformer-karaoke-aufr33-viperx"),
        ("bve", "backing vocals", "mel-band-roformer-karaoke-aufr33-viperx"),
        ("wind", "wind instruments", "mel-band-roformer-kim for the vocals; none that is known here has wind instruments"),
        ("", "vocals and instruments", "mel-band-roformer-kim or mdx23c-instvoc-hq"),
    ];

    private static readonly (string Start, string What)[] s_known =
    [
        ("stg1_", "a network of UVR's VR architecture, which masks magnitudes"),
        ("stg3_full_band_net.", "a network of UVR's VR architecture, which masks magnitudes"),
        ("encoding_blocks.", "an MDX-Net (ConvTDFNet)"),
    ];

    /// <summary>Refuses a checkpoint that is known to be such a network.</summary>
    /// <param name="file">Its file's name.</param>
    /// <param name="tensors">The names of its tensors.</param>
    /// <exception cref="ModelException">Says what it is and what to take instead.</exception>
    public static void Refuse(string file, IEnumerable<string> tensors)
    {
        foreach ((string start, string what) in s_known)
        {
            if (tensors.FirstOrDefault(t => t.StartsWith(start, StringComparison.Ordinal)) is not { } tensor)
            {
                continue;
            }

            string plain = string.Concat(file.Where(char.IsAsciiLetter)).ToLowerInvariant();
            (_, string job, string instead) = s_jobs.First(j => plain.Contains(j.Part, StringComparison.Ordinal));
            throw new ModelException($"{file} cannot be used: it is {what}, which is not supported; its tensor {tensor} tells. For {job} take {instead} ('stemsharp models list' has more).");
        }
    }
}
