using System.Text;

namespace Stemsharp.Audio;

/// <summary>
/// Traktor's stem files (.stem.mp4): an MPEG-4 file with the mix as its enabled track, four stems as disabled ones, and
/// a <c>stem</c> box that names them. FFmpeg writes the tracks; the box is added here.
/// </summary>
public static class TraktorStemFile
{
    /// <summary>Channels that the writer takes: mix, drums, bass, other, vocals, left and right each.</summary>
    public const int Channels = 10;

    private const int Tracks = 5, Other = 2;

    // What stems of the four places are called; "bass drum" is a drum.
    private static readonly string[][] s_words =
    [
        ["drums", "drum", "kick", "snare", "tom", "toms", "hat", "hihat", "hh", "ride", "crash", "cymbal", "cymbals", "percussion", "bombo", "redoblante", "platillos"],
        ["bass"],
        ["other"],
        ["vocals", "vocal", "voice", "voices", "lead", "backing", "male", "female", "choir", "dialog", "dialogue", "speech"],
    ];

    // Words that say that it is none of these, whatever else stands there: "no vocals", "lead guitar".
    private static readonly string[] s_otherwise = ["no", "non", "minus", "without", "guitar", "piano", "synth", "strings"];

    /// <summary>The four stems in the format's order.</summary>
    public static IReadOnlyList<string> Stems { get; } = ["drums", "bass", "other", "vocals"];

    /// <summary>
    /// Which of the four stems each stem of a model becomes part of: parts of a drum kit become "drums", voices "vocals"; all that the
    /// format has no place for, such as guitar and piano, are added to "other".
    /// </summary>
    /// <param name="stems">The model's stems.</param>
    /// <returns>For each of them an index into <see cref="Stems"/>.</returns>
    /// <exception cref="OptionException">One of the four has no source.</exception>
    public static int[] Fold(IReadOnlyList<string> stems)
    {
        int[] places = [.. stems.Select(PlaceOf)];

        for (int place = 0; place < Stems.Count; place++)
        {
            if (!places.Contains(place))
            {
                throw new OptionException($"A stem file holds {string.Join(", ", Stems)}; there is no {Stems[place]} among {string.Join(", ", stems)}.");
            }
        }

        return places;
    }

    // By whole words, in any case: "Lead Vocals", "hi-hat", "bass".
    private static int PlaceOf(string stem)
    {
        string[] words = stem.ToLowerInvariant().Split([' ', '-', '_'], StringSplitOptions.RemoveEmptyEntries);
        int place = words.Any(s_otherwise.Contains) ? -1 : Array.FindIndex(s_words, names => words.Any(names.Contains));
        return place < 0 ? Other : place;
    }

    /// <summary>Checks that a stem file can be written as asked, before any work is done.</summary>
    /// <param name="options">The codec.</param>
    /// <param name="sampleRate">Frames per second of what will be written.</param>
    /// <returns>The rate that the file will have.</returns>
    /// <exception cref="OptionException">The options are out of range.</exception>
    /// <exception cref="ExternalToolException">FFmpeg is missing, too old, or lacks the encoder.</exception>
    public static int Check(TraktorStemOptions options, int sampleRate)
    {
        if (options.BitrateKbps is < 8 or > 512)
        {
            throw new OptionException($"A stem file has no bit rate of {options.BitrateKbps} kbit/s; valid are 8 to 512 per track.");
        }

        if (options.Codec == TraktorStemCodec.Alac && options.SampleFormat is not (SampleFormat.Int16 or SampleFormat.Int24))
        {
            throw new OptionException($"Apple Lossless stores 16- or 24-bit integers, not {options.SampleFormat}.");
        }

        const string purpose = "Writing a stem file";
        FFmpegTool.Find(options.FFmpegPath, purpose).RequireEncoder(Encoder(options), purpose);
        return options.Codec == TraktorStemCodec.Aac ? FFmpegEncoder.For(AudioFormat.M4a).Rate(null, sampleRate) : sampleRate;
    }

    /// <summary>Creates a stem file; it takes frames of <see cref="Channels"/> samples.</summary>
    /// <param name="path">The final name, usually ending in <c>.stem.mp4</c>. The folder must exist.</param>
    /// <param name="sampleRate">Frames per second of what will be written.</param>
    /// <param name="options">The codec and tags.</param>
    /// <param name="cancellationToken">Ends the encoder.</param>
    /// <exception cref="AudioException">The file can't be created.</exception>
    /// <exception cref="OptionException">The options are out of range.</exception>
    /// <exception cref="ExternalToolException">FFmpeg is missing, too old, or lacks the encoder.</exception>
    public static IAudioWriter Create(string path, int sampleRate, TraktorStemOptions? options = null, CancellationToken cancellationToken = default) =>
        CreateStaged(path, sampleRate, options ?? new TraktorStemOptions(), cancellationToken);

    /// <summary>Creates a stem file whose completion has two steps.</summary>
    /// <inheritdoc cref="Create"/>
    internal static IStagedWriter CreateStaged(string path, int sampleRate, TraktorStemOptions options, CancellationToken cancellationToken)
    {
        int rate = Check(options, sampleRate);
        FFmpegTool tool = FFmpegTool.Find(options.FFmpegPath, "Writing a stem file");
        bool lossless = options.Codec == TraktorStemCodec.Alac;

        StringBuilder split = new($"[0:a]asplit={Tracks}");
        for (int t = 0; t < Tracks; t++)
        {
            split.Append($"[i{t}]");
        }

        for (int t = 0; t < Tracks; t++)
        {
            split.Append($";[i{t}]pan=stereo|c0=c{2 * t}|c1=c{2 * t + 1}[o{t}]");
        }

        List<string> arguments = ["-filter_complex", split.ToString()];
        for (int t = 0; t < Tracks; t++)
        {
            arguments.AddRange(["-map", $"[o{t}]"]);
        }

        arguments.AddRange(["-c:a", Encoder(options), .. FFmpegEncoder.ExactEditList(rate, tool)]);
        if (!lossless)
        {
            arguments.AddRange(["-b:a", $"{options.BitrateKbps}k"]);
        }
        else
        {
            arguments.AddRange(options.SampleFormat == SampleFormat.Int24 ? ["-sample_fmt:a", "s32p", "-bits_per_raw_sample:a", "24"] : ["-sample_fmt:a", "s16p"]);
        }

        for (int t = 0; t < Tracks; t++)
        {
            arguments.AddRange([$"-disposition:a:{t}", t == 0 ? "default" : "0"]);
        }

        arguments.AddRange(["-f", "mp4"]);

        EncodingOptions encoding = new() { Tags = options.Tags, Dither = options.Dither };
        FFmpegWriter writer = new(
            tool, path, rate, Channels, lossless ? options.SampleFormat : SampleFormat.Float32, encoding, arguments,
            FFmpegWriter.PictureTransport.Stream, TraktorStemBox.Append, cancellationToken);
        return rate == sampleRate ? writer : new ResamplingWriter(writer, sampleRate, length: null);
    }

    private static string Encoder(TraktorStemOptions options) => options.Codec == TraktorStemCodec.Alac ? "alac" : "aac";
}
