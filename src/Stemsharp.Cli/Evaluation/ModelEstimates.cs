using Stemsharp.Audio;

namespace Stemsharp.Cli.Evaluation;

/// <summary>Stems that a model separates now, track by track, kept as 32-bit float files.</summary>
internal sealed class ModelEstimates : IEstimates
{
    private readonly Separator _separator;
    private readonly string _folder;
    private readonly bool _keep;

    /// <summary>Takes over a separator.</summary>
    /// <param name="separator">The model; disposed with this object.</param>
    /// <param name="keepIn">Where the stems stay; null for a temporary folder that is removed.</param>
    internal ModelEstimates(Separator separator, string? keepIn)
    {
        _separator = separator;
        _keep = keepIn is not null;
        _folder = keepIn ?? Directory.CreateTempSubdirectory("stemsharp-evaluate-").FullName;
    }

    /// <inheritdoc/>
    public string Name => _separator.Model;

    /// <inheritdoc/>
    public async Task<IReadOnlyDictionary<string, string>> StemsOfAsync(TrackFolder track, CancellationToken cancellationToken)
    {
        if (track.Mixture is null)
        {
            throw new AudioException($"{track.Name} has no mixture.wav to separate. Add it, or pass stems that are separated already with --estimates.") { Failure = AudioFailure.NotFound };
        }

        string[] wanted = [.. _separator.Stems.Where(track.Stems.ContainsKey)];
        if (wanted.Length == 0)
        {
            throw new AudioException($"{track.Name} has the stems {string.Join(", ", track.Stems.Keys)}, of which {_separator.Model} knows none; it separates {string.Join(", ", _separator.Stems)}.");
        }

        string folder = _keep ? Path.Combine(_folder, track.Name) : _folder;
        Directory.CreateDirectory(folder);
        using StemFiles files = new(folder);
        await _separator.SeparateAsync(
            AudioInput.FromFile(track.Mixture), files, _separator.Effective(null) with { Stems = wanted }, cancellationToken: cancellationToken).ConfigureAwait(false);
        return files.Complete();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _separator.DisposeAsync().ConfigureAwait(false);
        if (!_keep)
        {
            Directory.Delete(_folder, recursive: true);
        }
    }

    /// <summary>Writes stems as float WAV at the mixture's own rate, and in mono for a mono mixture, as its references are.</summary>
    private sealed class StemFiles(string folder) : IStemSink, IDisposable
    {
        private readonly Dictionary<string, string> _paths = [];
        private readonly List<IAudioWriter> _writers = [];
        private float[] _interleaved = [];
        private bool _mono;

        public void Begin(SeparationInfo info)
        {
            _mono = info.SourceChannels == 1;
            EncodingOptions options = new() { SampleFormat = SampleFormat.Float32, SampleRate = info.SourceSampleRate };
            foreach (string stem in info.Stems)
            {
                string path = Path.Combine(folder, stem + ".wav");
                _paths.Add(stem, path);
                _writers.Add(AudioFiles.Create(path, info.SampleRate, _mono ? 1 : info.Channels, options));
            }
        }

        public void Write(StemBlock block)
        {
            int count = block.Length * (_mono ? 1 : block.Info.Channels);
            if (_interleaved.Length < count)
            {
                _interleaved = new float[count];
            }

            for (int stem = 0; stem < _writers.Count; stem++)
            {
                if (!_mono)
                {
                    block.CopyStemInterleaved(stem, _interleaved);
                }
                else
                {
                    for (int i = 0; i < count; i++)
                    {
                        _interleaved[i] = 0.5f * (block.Stem(stem, 0)[i] + block.Stem(stem, 1)[i]);
                    }
                }

                _writers[stem].Write(_interleaved.AsSpan(0, count));
            }
        }

        public Dictionary<string, string> Complete()
        {
            foreach (IAudioWriter writer in _writers)
            {
                writer.Complete();
            }

            return _paths;
        }

        public void Dispose()
        {
            foreach (IAudioWriter writer in _writers)
            {
                writer.Dispose();
            }
        }
    }
}
