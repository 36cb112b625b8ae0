using System.Collections.Immutable;
using Stemsharp.Signal;

namespace Stemsharp.Inference;

/// <summary>
/// Everything that those around a network have to know of it, as plain data: what comes out, how a track is cut for it, which
/// transform stands before and behind it. A stem is the sum of what the outputs give for it: a waveform, the inverse transform of a
/// spectrogram, or both. Letters in shapes: S stems, C channels, F bins, T frames, L samples.
/// </summary>
public sealed record NetworkDefinition
{
    /// <summary>The stems' names, in the order of the outputs.</summary>
    public required ImmutableArray<string> Stems { get; init; }

    /// <summary>
    /// A further stem by name: the mix less all that the network gives. Null for a network whose stems make up the mix.
    /// </summary>
    public string? Complement { get; init; }

    /// <summary>The rate that the network was trained at, in Hz.</summary>
    public required int SampleRate { get; init; }

    /// <summary>Audio channels C.</summary>
    public required int Channels { get; init; }

    /// <summary>How a track is cut.</summary>
    public required PieceCut Cut { get; init; }

    /// <summary>The transform; null for a network that takes and gives waveforms only.</summary>
    public TransformDefinition? Transform { get; init; }

    /// <summary>The inputs, at most one of each role.</summary>
    public required ImmutableArray<NetworkPort> Inputs { get; init; }

    /// <summary>The outputs, at most one of each role.</summary>
    public required ImmutableArray<NetworkPort> Outputs { get; init; }

    /// <summary>
    /// Whether the lowest bin of the stems' spectrograms, the offset and what lies next to it, is set to zero; null for a network that has
    /// no such choice. The trainers' name for it is <c>zero_dc</c>.
    /// </summary>
    public bool? ZeroDc { get; init; }

    /// <summary>The stems that a track has with the network: its own, and the complement behind them where there is one.</summary>
    internal ImmutableArray<string> AllStems => Complement is { } complement ? [.. Stems, complement] : Stems;

    /// <summary>The trained length of a piece in seconds.</summary>
    public double PieceSeconds => (double)Cut.Samples / SampleRate;

    /// <summary>The shortest piece that a track may be cut into, in samples: a frame of the transform.</summary>
    internal int ShortestPiece => Math.Min(Transform?.Nfft ?? 1, Cut.Samples);

    /// <summary>A port's shape, the channels of all stems together.</summary>
    /// <param name="port">One of the definition's.</param>
    /// <param name="samples">Samples that the network is shown.</param>
    public int[] ShapeOf(NetworkPort port, int samples)
    {
        ArgumentNullException.ThrowIfNull(port);
        int groups = Outputs.Contains(port) ? Stems.Length : 1;
        return port.Role == PortRole.Waveform
            ? [groups * Channels, samples]
            : [groups * 2 * Channels, Transform!.Bins, Transform.Frames(samples)];
    }

    /// <summary>
    /// The same network where it was made ready for one length, as an export is. A network that takes no piece of its own length is shown a
    /// longer stretch of the track for one, and pieces stay what they are.
    /// </summary>
    /// <param name="samples">Samples that the network is shown.</param>
    internal NetworkDefinition At(int samples)
    {
        bool isOwn = samples != Cut.Samples && samples == Cut.NetworkSamples(Cut.Samples);
        return this with
        {
            Cut = Cut with
            {
                Samples = isOwn ? Cut.Samples : samples,
                Lengths = NetworkLengths.Only(samples),
                Window = isOwn ? PieceWindow.Shortest : PieceWindow.Whole,
            },
        };
    }

    /// <summary>The port of a role among inputs or outputs; null where there is none.</summary>
    public static NetworkPort? Find(ImmutableArray<NetworkPort> ports, PortRole role) => ports.FirstOrDefault(p => p.Role == role);

    /// <summary>Refuses what cannot be run.</summary>
    /// <exception cref="ModelException">Names the field, its value and what is valid.</exception>
    public void Validate()
    {
        Require(!Stems.IsDefaultOrEmpty && AllStems.Distinct(StringComparer.OrdinalIgnoreCase).Count() == AllStems.Length, "A network needs stems with different names.");
        Require(SampleRate is >= 1000 and <= 768_000, $"A sample rate of {SampleRate} Hz is not supported; 1,000 to 768,000 are.");
        Require(Channels is >= 1 and <= 64, $"{Channels} channels are not supported; 1 to 64 are.");
        Cut.Validate();
        Transform?.Validate();
        foreach (ImmutableArray<NetworkPort> ports in (ImmutableArray<NetworkPort>[])[Inputs, Outputs])
        {
            Require(!ports.IsDefaultOrEmpty && ports.Select(p => p.Role).Distinct().Count() == ports.Length, "A network has one or two inputs and outputs, of different roles.");
            Require(Transform is not null || ports.All(p => p.Role == PortRole.Waveform), "A network with a spectrogram needs a transform.");
        }

        static void Require(bool valid, string message)
        {
            if (!valid)
            {
                throw new ModelException(message);
            }
        }
    }
}
