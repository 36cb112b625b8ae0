using System.CommandLine;
using Stemsharp.Audio;
using Stemsharp.Backends;
using Stemsharp.Cli.Progress;
using Stemsharp.Files;

namespace Stemsharp.Cli.Commands;

/// <summary>The options of <c>separate</c>; <c>plan</c> takes them too. Names that the original has mean what they mean there.</summary>
internal sealed class SeparateOptions
{
    internal const string AudioSeparator = "audio-separator";

    private const string Demucs = "demucs";

    internal readonly Argument<string[]> Tracks = new("FILE")
    {
        Description = "Audio files, folders (searched through), patterns (music/**/*.flac), playlists (.m3u, .pls, .xspf), or - for standard input.",
        Arity = ArgumentArity.ZeroOrMore,
    };

    internal readonly Option<string?> List = new("--list")
    {
        Description = "Tracks from a file, or from standard input with -: a path a line, or a JSON object with input and settings of its own.",
        HelpName = "FILE",
    };

    internal readonly Option<string?> Shard = new("--shard")
    {
        Description = "Only a share of the list: I/N, from 0; auto/N or auto: the task of an array (Slurm, Kubernetes, AWS Batch, Cloud Run).",
        HelpName = "I/N",
    };

    internal readonly Option<int> ShardBase = new("--shard-base") { Description = "The number of Slurm's first task, for --shard auto.", HelpName = "N" };

    internal readonly Option<string?> Report = new("--report")
    {
        Description = "Append a JSON object for each track to this file; {shard} in its name is the share's number.",
        HelpName = "FILE",
    };

    internal readonly Option<string> Model = ModelOptions.Model();

    internal readonly Option<string?> Chain = new("--chain")
    {
        Description = "Several models instead of one: a preset ('models chains' lists them), or a .json file that says what feeds what.",
        HelpName = "CHAIN",
    };

    internal readonly Option<string?> Repository = ModelOptions.Repository();
    internal readonly Option<bool> Offline = ModelOptions.Offline();
    internal readonly Option<bool> AcceptLicence = ModelOptions.AcceptLicence();
    internal readonly Option<bool> ListModels = new("--list-models") { Description = "List the models and exit; the same as 'models list'." };
    internal readonly Option<bool> Verbose = new("--verbose", "-v") { Description = "Say more: engine, model files, timings, what onnxruntime says." };

    internal readonly Option<string> Out = new("--out", "-o", "--output", "--output_dir")
    {
        Description = "Folder for the stems; a subfolder with the model's name is made. - writes to standard output.",
        DefaultValueFactory = _ => "separated",
    };

    internal readonly Option<string> FileName = new("--filename")
    {
        Description = "Pattern of the files' names: " + string.Join(", ", FileNamePattern.Fields.Select(f => $"{{{f.Name}}}")) + ".",
        DefaultValueFactory = _ => FileNamePattern.Stems,
    };

    internal readonly Option<string> Layout = new("--layout")
    {
        Description = "How files are called without --filename: demucs, MODEL/TRACK/STEM.wav, or audio-separator, TRACK_(STEM)_MODEL.wav, in one folder.",
        DefaultValueFactory = _ => Demucs,
    };

    internal readonly Option<bool> NoModelFolder = new("--no-model-folder") { Description = "Put the stems right into the output folder, without a subfolder for the model." };

    internal readonly Option<int> Shifts = new("--shifts")
    {
        Description = "Average over this many shifted runs, evenly spaced; each costs as much as the first. 0 and 1 are a plain run.",
        DefaultValueFactory = _ => 1,
    };

    internal readonly Option<int?> Seed = new("--seed") { Description = "Draw the shifts at random from this seed instead of spacing them evenly." };

    internal readonly Option<double?> Overlap = new("--overlap")
    {
        Description = "Overlap of neighbouring segments, 0 to 0.99; default the model's own, 0.25 for Demucs.",
    };

    internal readonly Option<string?> ZeroDc = ModelOptions.ZeroDc();
    internal readonly Option<bool> NoSplit = new("--no-split") { Description = "Take the track in one piece; only for tracks no longer than the model's segment." };
    internal readonly Option<double?> Segment = new("--segment") { Description = "Length of a segment in seconds; at most the model's own (7.8 for htdemucs)." };
    internal readonly Option<int> Jobs = new("--jobs", "-j") { Description = "Accepted for the original's sake: all threads always work on one track." };
    internal readonly Option<int> Threads = new("--threads") { Description = "Threads to compute with; 0: one per processor. The result is the same for any number." };

    internal readonly Option<string> ParallelSegments = new("--parallel-segments", "--batch")
    {
        Description = "How many segments run at once, each on its share of the threads, or together on a device: auto, or 1 to 64. Each takes memory of its own; the result is the same, but for rounding with onnxruntime.",
        HelpName = "N",
        DefaultValueFactory = _ => Values.Auto,
    };

    internal readonly EngineOptions Engine = new(Engines.Auto);

    internal Option<bool> Fallback => Engine.Fallback;

    internal readonly Option<string[]> Stems = new("--stems")
    {
        Description = "Only these stems, separated by commas; models and transforms that they don't need are left out.",
        AllowMultipleArgumentsPerToken = false,
    };

    internal readonly Option<string?> SingleStem = new("--single_stem") { Description = "Only this stem, as audio-separator calls it: the same as --stems STEM.", HelpName = "STEM" };
    internal readonly Option<string?> TwoStems = new("--two-stems") { Description = "Only this stem and the rest: STEM and no_STEM." };

    internal readonly Option<bool> Instrumental = new("--instrumental") { Description = "The song without vocals, and the vocals: the same as --two-stems vocals." };
    internal readonly Option<bool> Acapella = new("--acapella") { Description = "Only the vocals: the same as --stems vocals." };

    internal readonly Option<string> OtherMethod = new("--other-method")
    {
        Description = "How the rest is made: add the other stems (no_STEM), minus: the mix less the stem (minus_STEM), none.",
        DefaultValueFactory = _ => "add",
    };

    internal readonly Option<bool> Int24 = new("--int24") { Description = "24-bit integers in WAV; the same as --depth 24." };
    internal readonly Option<bool> Float32 = new("--float32") { Description = "32-bit floats in WAV; the same as --depth 32f." };

    internal readonly Option<string?> Depth = new("--depth") { Description = "Depth of WAV and FLAC: 16 (default), 24, 32f, or source." };
    internal readonly Option<string?> Rate = new("--rate") { Description = "Sample rate of the files: a number in Hz, or source; default the model's (44100), for Opus 48000." };

    internal readonly Option<string> Clip = new("--clip-mode")
    {
        Description = "Against clipping: rescale each stem that needs it, rescale-all by one gain, clamp, tanh, none.",
        DefaultValueFactory = _ => "rescale",
    };

    internal readonly Option<string?> Format = new("--format") { Description = "wav (default), flac, mp3, m4a, opus, ogg, or stem: one .stem.mp4 for Traktor." };
    internal readonly Option<string?> OutputFormat = new("--output_format") { Description = "As audio-separator calls it: the same as --format, in any case.", HelpName = "FORMAT" };
    internal readonly Option<bool> Flac = new("--flac") { Description = "The same as --format flac." };
    internal readonly Option<bool> Mp3 = new("--mp3") { Description = "The same as --format mp3." };
    internal readonly Option<int?> Bitrate = new("--bitrate") { Description = "Bit rate of a lossy format in kbit/s; default mp3 320, m4a 256, opus 192, ogg 256." };
    internal readonly Option<int> Mp3Bitrate = new("--mp3-bitrate") { Description = "Bit rate of MP3 in kbit/s.", DefaultValueFactory = _ => 320 };
    internal readonly Option<int> Mp3Preset = new("--mp3-preset") { Description = "MP3 from 2 (best) to 7 (fastest).", DefaultValueFactory = _ => 2 };
    internal readonly Option<bool> NoDither = new("--no-dither") { Description = "Round to integers without dither." };
    internal readonly Option<bool> NoTags = new("--no-tags") { Description = "Don't copy tags and cover art to the stems." };

    internal readonly Option<bool> ExactSum = new("--exact-sum") { Description = "Make the stems add up to the mix exactly; the residual goes to one of them. Lossless formats, all stems." };
    internal readonly Option<string?> Residual = new("--residual") { Description = "The stem that takes --exact-sum's residual; default other, no_STEM or minus_STEM, else the last one." };

    internal readonly Option<string?> Start = new("--start") { Description = "Begin here: seconds or [h:]m:s." };
    internal readonly Option<string?> Duration = new("--duration") { Description = "Separate only this much: seconds or [h:]m:s." };
    internal readonly Option<bool> KeepOffset = new("--keep-offset") { Description = "Keep the place of a video's sound beside its picture, with silence where it begins later." };

    internal readonly Option<string> Downmix = new("--downmix")
    {
        Description = "How more than two channels become two: first (the first two), mix (all at one level), itu (centre and surround at -3 dB).",
        DefaultValueFactory = _ => "first",
    };

    internal readonly Option<string> Decoder = new("--decoder")
    {
        Description = "Who decodes FLAC, MP3, Ogg Vorbis and Opus: ffmpeg, managed (the decoders inside), or auto: FFmpeg where it is installed.",
        DefaultValueFactory = _ => "auto",
    };

    internal readonly Option<string?> Stream = new("--stream") { Description = "Which of several audio streams of a film: its number from 1, or a language such as eng; default the default one.", HelpName = "N|LANG" };
    internal readonly Option<bool> Strict = new("--strict") { Description = "Fail a track whose recording is damaged, cut short or not as its header says; by default that is a note." };
    internal readonly Option<bool> Overwrite = new("--overwrite") { Description = "Separate finished tracks again." };

    internal readonly Option<bool> Resume = new("--resume")
    {
        Description = "Skip every track whose files are all there, whatever made them, without reading it. " +
            "By default a track is skipped when the same input, model and settings made its files.",
    };

    internal readonly Option<string?> MaxMemory = new("--max-memory") { Description = "Most memory to use, such as 800M or 2G; refused at once if that is not enough." };

    internal readonly Option<string> Pipe = new("--pipe")
    {
        Description = "What goes to standard output with -o -: auto (one stem: wav, several: tar), wav, multichannel (one WAV, two channels a stem), tar.",
        DefaultValueFactory = _ => "auto",
    };

    internal readonly Option<string> Progress = new("--progress")
    {
        Description = "How progress is shown on standard error: auto, bar, plain, json (one object a line), none.",
        DefaultValueFactory = _ => BatchViews.Auto,
    };

    internal readonly Option<bool> Quiet = new("--quiet", "-q") { Description = "Say nothing but what goes wrong." };
    internal readonly Option<bool> Json = ModelsCommand.Json("Write the results as one JSON object to standard output, of errors too.");

    internal SeparateOptions()
    {
        Model.Description += " With --engine onnxruntime also an export: MODEL.json or an .onnx file.";
        OtherMethod.AcceptOnlyFromAmong("add", "minus", "none");
        Downmix.AcceptOnlyFromAmong("first", "mix", "itu");
        Decoder.AcceptOnlyFromAmong("auto", "ffmpeg", "managed");
        Clip.AcceptOnlyFromAmong(ClipModes.Names);
        Layout.AcceptOnlyFromAmong(Demucs, AudioSeparator);
        Format.AcceptOnlyFromAmong("wav", "flac", "mp3", "m4a", "aac", "opus", "ogg", "stem");
        Depth.AcceptOnlyFromAmong("16", "24", "32f", "source");
        Pipe.AcceptOnlyFromAmong("auto", "wav", "multichannel", "tar");
        Progress.AcceptOnlyFromAmong(BatchViews.Names);
        foreach (Option<string?> option in new[] { TwoStems, Start, Duration })
        {
            option.HelpName = option.Name[2..].ToUpperInvariant();
        }

        TwoStems.HelpName = "STEM";
        Residual.HelpName = "STEM";
        Stems.HelpName = "STEM,STEM";
    }

    /// <summary>Everything that decides about a track's files.</summary>
    internal IEnumerable<Option> Settings =>
    [
        .. new Option[]
        {
            Model, Chain, Repository, Offline, Out, FileName, Layout, NoModelFolder, Shifts, Seed, Overlap, ZeroDc, NoSplit, Segment, Jobs,
            Threads, ParallelSegments, Stems, SingleStem, TwoStems, Instrumental, Acapella, OtherMethod, Format, OutputFormat, Flac, Mp3, Bitrate, Mp3Bitrate, Mp3Preset, Int24, Float32, Depth,
            Rate, Clip, NoDither, NoTags, ExactSum, Residual, Start, Duration, Decoder, Downmix, Stream, KeepOffset, Strict,
        },
        .. Engine.All,
    ];

    /// <summary>Of these, what is a machine's and not a track's: a worker has its own.</summary>
    internal IEnumerable<Option> OfMachine => [Repository, Offline, Jobs, Threads, ParallelSegments, .. Engine.All];

    /// <summary>What the networks have to be opened anew for.</summary>
    internal IEnumerable<Option> OfSeparator => [Model, Chain, Shifts, Seed, Overlap, ZeroDc, NoSplit, Segment, Stems, SingleStem, TwoStems, Instrumental, Acapella, OtherMethod];

    /// <summary>Adds everything that decides about the result; <c>plan</c> needs it too.</summary>
    internal void AddWork(Command command)
    {
        command.Add(Tracks);
        foreach (Option option in Settings.Append(MaxMemory))
        {
            command.Add(option);
        }
    }

    /// <summary>Adds what concerns running and showing.</summary>
    internal void AddRun(Command command)
    {
        foreach (Option option in new Option[] { List, Shard, ShardBase, Report, Overwrite, Resume, AcceptLicence, Pipe, Progress, Quiet, Verbose, Json, ListModels })
        {
            command.Add(option);
        }
    }
}
