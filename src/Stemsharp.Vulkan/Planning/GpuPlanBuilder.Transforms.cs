using Stemsharp.Graph;
using Stemsharp.Inference;
using Stemsharp.Signal;
using Stemsharp.Vulkan.Kernels;

namespace Stemsharp.Vulkan.Planning;

/// <content>The short-time Fourier transform and its inverse.</content>
internal sealed partial class GpuPlanBuilder
{
    private readonly record struct TransformPlaces(int Splits, int Positions, int Synthesis, int Envelope, int[] Twiddles);

    // As the CPU engine: singles for the transform of the hybrid network, which has no norm that makes quiet bands loud.
    private static bool IsFine(TransformDefinition definition) => !definition.IsQuarterHop;

    private TransformPlaces _places;
    private FourierPasses? _fft;

    // [C, L] → the graph's spectrogram and waveform, as far as it has them.
    private GpuTensor Forward(NetworkDefinition network)
    {
        GpuTensor waveform = New("waveform", new Shape(network.Channels, _samples));
        if (NetworkDefinition.Find(network.Inputs, PortRole.Waveform) is { } samples)
        {
            _tensors.Add(_graph.Inputs.First(i => i.Name == samples.Name).Value, waveform);
        }

        if (network.Transform is not { } definition)
        {
            return waveform;
        }

        definition.Validate();
        int n = definition.Nfft, points = n / 2, frames = definition.Frames(_samples);
        _fft = new FourierPasses(points);
        TransformTables tables = new(definition, _samples);
        bool fine = IsFine(definition) && NetworkDefinition.Find(network.Inputs, PortRole.Spectrogram) != null;
        int map = _weights.AddInts(tables.Map);
        _places = new TransformPlaces(
            AddFactors(tables.Splits, fine: false),
            _weights.AddInts(_fft.Places),
            _weights.AddFloats(tables.Synthesis),
            tables.Envelope is { } envelope ? _weights.AddFloats(envelope) : -1,
            [.. _fft.Passes.Select(pass => AddFactors(pass.Twiddles, fine: false))]);
        if (NetworkDefinition.Find(network.Inputs, PortRole.Spectrogram) is { } spectra)
        {
            GpuTensor spectrogram = New("spectrogram", new Shape(2 * network.Channels, definition.Bins, frames));
            GpuTensor transform = New("stft", new Shape((fine ? 4 : 2) * network.Channels * points, frames));
            _tensors.Add(_graph.Inputs.First(i => i.Name == spectra.Name).Value, spectrogram);
            int tiles = Groups(frames, 64);
            string suffix = fine ? ".fine" : "";
            Emit(TransformStep(definition, $"frame{suffix}", "stft.frames", $"{frames} frames of {n}", waveform, transform, tiles * points, network.Channels, AddFactors(tables.Analysis, fine), map));
            Passes(definition, "stft", transform, network.Channels, fine);
            Emit(TransformStep(definition, $"split{suffix}", "stft.spectrum", $"spectrum {spectrogram.Shape}", transform, spectrogram, tiles * (points / 2 + 1), network.Channels, AddFactors(tables.Splits, fine), _places.Positions));
        }

        return waveform;
    }

    // The graph's spectrograms and waveforms, as far as it has them → [S·C, L], wanted stems only where they are transformed.
    private GpuTensor Inverse(NetworkDefinition network)
    {
        GpuTensor? waveforms = Output(PortRole.Waveform);
        if (Output(PortRole.Spectrogram) is not { } spectrograms)
        {
            return waveforms!;
        }

        TransformDefinition definition = network.Transform!;
        int points = definition.Nfft / 2, frames = definition.Frames(_samples), planes = network.Stems.Length * network.Channels;
        GpuTensor transform = New("istft", new Shape(2 * planes * points, frames));
        GpuTensor output = New("stems", new Shape(planes, _samples));
        int tiles = Groups(frames, 64), hops = Groups(_samples + Lead(definition), definition.Hop);
        Emit(TransformStep(definition, "join", "istft.spectrum", $"inverse {spectrograms.Shape}", spectrograms, transform, tiles * (points / 2 + 1), planes, table: _places.Splits));
        Passes(definition, "istft", transform, planes, fine: false);
        Emit(TransformStep(definition, "overlap", "istft.overlap", $"overlap, add {output.Shape}", transform, output, Groups(definition.Hop, 32) * Groups(hops, 32), planes, _places.Synthesis, _places.Positions, waveforms));
        return output;

        GpuTensor? Output(PortRole role) => NetworkDefinition.Find(network.Outputs, role) is { } port ? In(_graph.Outputs.First(o => o.Name == port.Name).Value, RowLayout.Dense) : null;
    }

    // Pairs of numbers as singles; fine ones with what rounding left of both behind each pair.
    private int AddFactors(double[] pairs, bool fine)
    {
        int width = fine ? 4 : 2;
        float[] factors = new float[pairs.Length / 2 * width];
        for (int i = 0; i < pairs.Length; i++)
        {
            int at = i / 2 * width + i % 2;
            factors[at] = (float)pairs[i];
            if (fine)
            {
                factors[at + 2] = (float)(pairs[i] - factors[at]);
            }
        }

        return _weights.AddFloats(factors);
    }

    private void Passes(TransformDefinition definition, string name, GpuTensor transform, int planes, bool fine)
    {
        int frames = definition.Frames(_samples);
        for (int i = 0; i < _fft!.Passes.Length; i++)
        {
            FourierPass pass = _fft.Passes[i];
            int table = fine ? AddFactors(pass.Twiddles, fine) : _places.Twiddles[i];
            Emit(TransformStep(definition, fine ? "fft.fine" : "fft", $"{name}.pass{i}", $"radix {pass.Radix}", transform, transform, Groups(frames, 64) * (_fft.Size / pass.Radix), planes, table, pass: pass));
        }
    }

    private GpuStep TransformStep(
        TransformDefinition definition, string shader, string name, string text, GpuTensor input, GpuTensor output, int x, int y,
        int table = 0, int map = 0, GpuTensor? add = null, FourierPass? pass = null)
    {
        GpuTensor transform = shader is "join" or "frame" or "frame.fine" ? output : input;

        // A plane of a spectrogram is a channel; one of the transform is addressed by points and frames.
        PushValue[] push =
        [
            input, output, definition.Nfft / 2, definition.Frames(_samples), transform.Pitch, definition.Hop, _samples, input.Pitch, output.Pitch,
            definition.Bins, table, map, 0, add ?? (PushValue)(-1), add?.Pitch ?? 0, pass?.Length ?? Lead(definition), _places.Envelope,
        ];
        return new GpuStep(name, text, new KernelKey(shader, pass == null ? [] : [pass.Radix], shader == "overlap" ? 256 : 64), push, x, y)
        {
            Reads = add == null ? [input] : [input, add],
            Writes = [output],
        };
    }

    // Where the kept samples start in the signal that the kept frames cover.
    private static int Lead(TransformDefinition definition) => definition.OutputStart + definition.Nfft / 2 - definition.DroppedFrames * definition.Hop;
}
