using System.CommandLine;
using System.CommandLine.Completions;
using Stemsharp.Audio;
using Stemsharp.Backends;
using Stemsharp.Chains;
using Stemsharp.Cli.Batches;
using Stemsharp.Cli.Hosting;
using Stemsharp.Cli.Progress;
using Stemsharp.Cli.Separating;
using Stemsharp.Export.Onnx;
using Stemsharp.Files;
using Stemsharp.OnnxRuntime;

namespace Stemsharp.Cli.Commands;

/// <summary>Turns a parsed command line into a request; whatever excludes each other is said here.</summary>
internal static class SeparateRequests
{
    private const string SourceRate = "source", Vocals = "vocals";

    /// <exception cref="OptionException">Options that are out of range or exclude each other.</exception>
    /// <param name="line">The command line.</param>
    /// <param name="options">Its options.</param>
    /// <param name="shared">Takes what there is to know besides; null for one of its own.</param>
    internal static SeparateRequest From(ParseResult line, SeparateOptions options, Notes? shared = null)
    {
        Exclusive(line, options.Model, options.Chain);
        Exclusive(line, options.NoSplit, options.Segment);
        Exclusive(line, options.Int24, options.Float32, options.Depth);
        Exclusive(line, options.Flac, options.Mp3, options.Format, options.OutputFormat);
        Exclusive(line, options.Stems, options.SingleStem, options.TwoStems, options.Instrumental);
        Exclusive(line, options.Stems, options.SingleStem, options.TwoStems, options.Acapella);
        Exclusive(line, options.Overwrite, options.Resume);
        Exclusive(line, options.Quiet, options.Verbose);
        Exclusive(line, options.Bitrate, options.Mp3Bitrate);
        foreach (Option<string> option in new[] { options.OtherMethod, options.Clip, options.Layout, options.Downmix, options.Decoder, options.Pipe, options.Progress })
        {
            Values.OneOf(option, Get(line, option));
        }

        foreach (Option<string?> option in new[] { options.Format, options.Depth })
        {
            Values.OneOf(option, line.GetValue(option));
        }

        long? memory = line.GetValue(options.MaxMemory) is { } most ? SizeText.Bytes("--max-memory", most) : null;
        EngineChoice engine = options.Engine.Read(line, mostMemory: memory);
        SeparationChain? chain = line.GetValue(options.Chain) is { } wanted ? SeparationChain.Find(wanted) : null;
        string? export = (chain?.Models ?? [line.GetValue(options.Model)!]).FirstOrDefault(OnnxExports.IsOne);
        if (export is not null && engine.Engine != OnnxRuntimeBackend.BackendName)
        {
            throw new OptionException($"{export} is an export, which runs on --engine onnxruntime only. Add it, or name the model itself.");
        }

        if (export is not null && engine.Fallback)
        {
            throw new OptionException("--fallback goes on with Stemsharp's own engine, which cannot run an export. Leave it out, or name the model itself.");
        }

        bool instrumental = line.GetValue(options.Instrumental);
        string[]? stems = line.GetValue(options.Acapella) && !instrumental ? [Vocals] : line.GetValue(options.SingleStem) is { } single ? [single]
            : line.GetValue(options.Stems) is { Length: > 0 } given ? Values.Names(given) : null;
        StemFileOptions files = Files(line, options, stems);
        Notes notes = shared ?? new(line.InvocationConfiguration.Error, Get(line, options.Progress) == BatchViews.Json, Has(line, options.Quiet));
        string folder = line.GetValue(options.Out)!;
        if (folder.Length == 0)
        {
            throw new OptionException("--out is empty; name a folder, or - for standard output.");
        }

        bool named = line.GetResult(options.FileName) is { Implicit: false };
        if (files.Layout == StemFileLayout.AudioSeparator && (named || files.Traktor is not null))
        {
            throw new OptionException($"--layout {SeparateOptions.AudioSeparator} names the files, one for each stem; leave {(named ? "--filename" : "--format stem")} out.");
        }

        FileNamePattern names = FileNamePattern.Parse(
            files.Layout == StemFileLayout.AudioSeparator ? AudioSeparatorNames.Pattern
            : files.Traktor is null || named ? line.GetValue(options.FileName)! : FileNamePattern.OneFile);
        if (!names.HasStem && files.Traktor is null && folder != "-" && !(stems?.Length == 1 || files is { TwoStems: not null, OtherMethod: OtherMethod.None }))
        {
            throw new OptionException($"--filename \"{names.Pattern}\" gives every stem the same name; put {{stem}} into it.");
        }

        SeparateRequest request = new()
        {
            Engine = engine,
            Chain = chain,
            Inputs = line.GetValue(options.Tracks) ?? [],
            List = Get(line, options.List),
            Shard = Get(line, options.Shard) is { } shard ? Shard.Parse(shard, line.GetValue(options.ShardBase), Environment.GetEnvironmentVariable) : null,
            Report = Get(line, options.Report),
            Files = files,
            FileName = names,
            OutputFolder = folder,
            ModelFolder = !line.GetValue(options.NoModelFolder) && !names.Pattern.Contains("{model}", StringComparison.Ordinal),
            Offline = line.GetValue(options.Offline),
            AcceptLicence = Has(line, options.AcceptLicence),
            Start = line.GetValue(options.Start) is { } start ? Values.Time("--start", start) : TimeSpan.Zero,
            Duration = line.GetValue(options.Duration) is { } duration ? Values.Time("--duration", duration) : null,
            KeepOffset = line.GetValue(options.KeepOffset),
            Downmix = Enum.Parse<Downmix>(line.GetValue(options.Downmix)!, ignoreCase: true),
            Decoder = Enum.Parse<AudioDecoder>(line.GetValue(options.Decoder)!, ignoreCase: true),
            Stream = line.GetValue(options.Stream),
            Strict = line.GetValue(options.Strict),
            Overwrite = Has(line, options.Overwrite),
            Resume = Has(line, options.Resume),
            MaxMemory = memory,
            Pipe = Enum.Parse<PipeFormat>(Get(line, options.Pipe) ?? "auto", ignoreCase: true),
            Progress = Get(line, options.Progress) ?? "auto",
            Quiet = Has(line, options.Quiet),
            Verbose = Has(line, options.Verbose),
            Json = Has(line, options.Json),
            Notes = notes,
            Separator = engine.Apply(new SeparatorOptions
            {
                Model = line.GetValue(options.Model)!,
                ModelFolder = line.GetValue(options.Repository),
                Stems = files.NeededStems ?? stems,
                Defaults = new SeparationOptions
                {
                    Overlap = line.GetValue(options.Overlap) is { } overlap ? Values.Within("--overlap", overlap, 0, 0.99) : null,
                    Shifts = Values.Within("--shifts", line.GetValue(options.Shifts), 0, 100),
                    Seed = line.GetValue(options.Seed),
                    Segment = line.GetValue(options.Segment),
                    Split = !line.GetValue(options.NoSplit),
                },
                ZeroDc = ModelOptions.ReadZeroDc(line, options.ZeroDc),
                Threads = Values.Within("--threads", line.GetValue(options.Threads), 0, 1024),
                ParallelSegments = Values.AutoOr("--parallel-segments", line.GetValue(options.ParallelSegments)!, 1, 64),
                ReleaseMemory = true,
                Preload = false,
                Notices = notes,
                Logger = Has(line, options.Verbose) ? new VerboseLogger(notes.Report) : null,
            }),
        };
        if (request.Duration <= TimeSpan.Zero)
        {
            throw new OptionException("--duration must be longer than 0.");
        }

        CheckList(request);
        if (request.ToStandardOutput)
        {
            CheckPipe(request);
        }

        foreach (string sentence in request.Quiet ? [] : UselessOptions.Sentences(line, UselessOptions.Of(request, options)))
        {
            notes.Report(sentence);
        }

        return request;
    }

    private static StemFileOptions Files(ParseResult line, SeparateOptions options, string[]? stems)
    {
        string? asked = line.GetValue(options.Format) ?? FormatOf(options, line.GetValue(options.OutputFormat));
        AudioFormat format = asked switch
        {
            "flac" => AudioFormat.Flac,
            "mp3" => AudioFormat.Mp3,
            "m4a" or "aac" => AudioFormat.M4a,
            "opus" => AudioFormat.Opus,
            "stem" => AudioFormat.M4a,
            "ogg" => AudioFormat.Ogg,
            _ => line.GetValue(options.Flac) ? AudioFormat.Flac : line.GetValue(options.Mp3) ? AudioFormat.Mp3 : AudioFormat.Wav,
        };
        SampleFormat? depth = line.GetValue(options.Depth) switch
        {
            "24" => SampleFormat.Int24,
            "32f" => SampleFormat.Float32,
            "source" => null,
            _ => line.GetValue(options.Int24) ? SampleFormat.Int24
                : line.GetValue(options.Float32) ? SampleFormat.Float32 : SampleFormat.Int16,
        };
        // The original lets --float32 pass with --flac and --mp3 and writes what those formats hold.
        if (format == AudioFormat.Flac && depth == SampleFormat.Float32)
        {
            depth = SampleFormat.Int24;
        }

        (ClipMode mode, bool shared) = ClipModes.Parse(line.GetValue(options.Clip)!);
        string? rate = line.GetValue(options.Rate);
        StemFileOptions files = new()
        {
            Encoding = new EncodingOptions
            {
                Format = format,
                SampleFormat = depth ?? SampleFormat.Int16,
                SampleRate = Rate(rate, format),
                BitrateKbps = Bitrate(line, options, format),
                Mp3Preset = Values.Within("--mp3-preset", line.GetValue(options.Mp3Preset), 2, 7),
                Dither = !line.GetValue(options.NoDither),
            },
            Traktor = asked == "stem" ? Traktor(line, options, depth) : null,
            Layout = line.GetValue(options.Layout) == SeparateOptions.AudioSeparator ? StemFileLayout.AudioSeparator : StemFileLayout.Demucs,
            KeepDepth = depth is null,
            KeepSampleRate = rate == SourceRate && format != AudioFormat.Opus,
            ClipMode = mode,
            SharedGain = shared,
            CopyTags = !line.GetValue(options.NoTags),
            TwoStems = line.GetValue(options.Instrumental) ? Vocals : line.GetValue(options.TwoStems),
            OtherMethod = Enum.Parse<OtherMethod>(line.GetValue(options.OtherMethod)!, ignoreCase: true),
            ExactSum = line.GetValue(options.ExactSum),
            ResidualStem = line.GetValue(options.Residual),
        };
        if (files.ResidualStem is not null && !files.ExactSum)
        {
            throw new OptionException("--residual names the stem for --exact-sum, which is not asked for.");
        }

        if (files.ExactSum)
        {
            CheckExactSum(files, stems);
        }

        return files;
    }

    // "MP3" is "mp3" there.
    private static string? FormatOf(SeparateOptions options, string? outputFormat)
    {
        string? format = outputFormat?.ToLowerInvariant();
        return format is null || options.Format.GetCompletions(CompletionContext.Empty).Any(c => c.Label == format)
            ? format
            : throw new OptionException($"--output_format {outputFormat} is not valid; choose {string.Join(", ", options.Format.GetCompletions(CompletionContext.Empty).Select(c => c.Label))}.");
    }

    private static TraktorStemOptions Traktor(ParseResult line, SeparateOptions options, SampleFormat? depth)
    {
        Exclusive(line, options.Format, options.Stems);
        Exclusive(line, options.Format, options.TwoStems);
        Exclusive(line, options.Format, options.Rate);
        bool lossless = line.GetResult(options.Depth) is { Implicit: false } || line.GetValue(options.Int24);
        if (lossless && depth is not (SampleFormat.Int16 or SampleFormat.Int24))
        {
            throw new OptionException("A lossless stem file has a --depth of 16 or 24.");
        }

        return new TraktorStemOptions
        {
            Codec = lossless ? TraktorStemCodec.Alac : TraktorStemCodec.Aac,
            SampleFormat = depth ?? SampleFormat.Int16,
            BitrateKbps = Values.Within("--bitrate", line.GetValue(options.Bitrate) ?? 256, 8, 512),
            Dither = !line.GetValue(options.NoDither),
        };
    }

    // The library says the same in the words of its properties.
    private static void CheckExactSum(StemFileOptions files, string[]? stems)
    {
        AudioFormat format = files.Encoding.Format;
        if (!format.IsLossless())
        {
            throw new OptionException($"--exact-sum needs a lossless format; {format.Extension()} changes the samples. Use wav or flac.");
        }

        if (stems is not null)
        {
            throw new OptionException("--exact-sum needs all stems; a subset does not add up to the mix. Leave --stems out.");
        }

        if (files is { TwoStems: not null, OtherMethod: OtherMethod.None })
        {
            throw new OptionException("--exact-sum needs the rest beside the stem; --other-method none leaves it out.");
        }
    }

    private static void CheckList(SeparateRequest request)
    {
        if (request.List is not null && request.Inputs.Count > 0)
        {
            throw new OptionException("--list and tracks on the command line exclude each other; put the tracks into the list, or leave it out.");
        }

        if (request.List is null && request.Shard is not null)
        {
            throw new OptionException("--shard divides a list; name the tracks with --list.");
        }

        if (request.ToStandardOutput && (request.List ?? request.Report) is not null)
        {
            throw new OptionException("-o - takes one input and writes no files; leave --list and --report out.");
        }

        if (request.Report is { } report && report.Contains(ReportFile.ShardField, StringComparison.Ordinal) && request.Shard is null)
        {
            throw new OptionException($"--report {report} names a share, and --shard is not given.");
        }
    }

    private static void CheckPipe(SeparateRequest request)
    {
        if (request.Json)
        {
            throw new OptionException("--json and -o - both need standard output; use --progress json for results on standard error.");
        }

        if (request.Inputs.Count > 1)
        {
            throw new OptionException("-o - takes one input; several would run together in one stream.");
        }

        if (request.Pipe == PipeFormat.Multichannel && request.Files.Encoding.Format != AudioFormat.Wav)
        {
            throw new OptionException("--pipe multichannel is a WAV; leave --format out.");
        }

        bool one = request.Files.TwoStems is null ? request.Separator.Stems?.Count == 1 : request.Files.OtherMethod == OtherMethod.None;
        if (request.Pipe == PipeFormat.Wav && !one)
        {
            throw new OptionException("--pipe wav takes one stem; name it with --stems, or use --pipe multichannel or tar.");
        }
    }

    private static int? Rate(string? text, AudioFormat format)
    {
        if (text is null or SourceRate)
        {
            return format == AudioFormat.Opus ? 48000 : null;
        }

        if (!int.TryParse(text, System.Globalization.NumberStyles.None, null, out int rate) || rate is < 1000 or > 768_000)
        {
            throw new OptionException($"--rate \"{text}\" is no sample rate; write 1000 to 768000 Hz, or source.");
        }

        if (format == AudioFormat.Opus && rate != 48000)
        {
            throw new OptionException("Opus is always 48000 Hz; leave --rate out.");
        }

        return rate;
    }

    private static int? Bitrate(ParseResult line, SeparateOptions options, AudioFormat format)
    {
        int? bitrate = line.GetValue(options.Bitrate);
        if (format == AudioFormat.Mp3)
        {
            return Values.Within("--mp3-bitrate", bitrate ?? line.GetValue(options.Mp3Bitrate), 8, 320);
        }

        if (bitrate is { } value && format.IsLossless())
        {
            throw new OptionException($"--bitrate {value} means nothing for {format.Extension()}; choose mp3, m4a, opus or ogg.");
        }

        return bitrate is { } lossy ? Values.Within("--bitrate", lossy, 8, 512) : null;
    }

    private static void Exclusive(ParseResult line, params Option[] options)
    {
        string[] given = [.. options.Where(o => line.GetResult(o) is { Implicit: false }).Select(o => o.Name)];
        if (given.Length > 1)
        {
            throw new OptionException($"{string.Join(" and ", given)} exclude each other; give one of them.");
        }
    }

    // "plan" takes the options that decide about the result, not those about running.
    private static bool Has(ParseResult line, Option<bool> option) => line.GetResult(option) is not null && line.GetValue(option);

    private static string? Get<T>(ParseResult line, Option<T> option)
        where T : class? =>
        line.CommandResult.Command.Options.Contains(option) ? line.GetValue(option) as string : null;
}
