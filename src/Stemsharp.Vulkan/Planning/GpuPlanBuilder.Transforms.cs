using Stemsharp.Graph;
using Stemsharp.Inference;
using Stemsharp.Signal;
using Stemsharp.Vulkan.Kernels;

namespace Stemsharp.Vulkan.Planning;

/// <content>The short-time Fourier transform and its inverse.</content>
internal sealed partial class GpuPlanBuilder
{
    private readonly record struct TransformPlaces(int Splits, int Positions, int Synthesis, int[] Twiddles);

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

        Check(definition);
        int n = definition.Nfft, points = n / 2, frames = definition.Frames(_samples);
        _fft = new FourierPasses(points);
        TransformTables tables = new(definition, _samples);
        int analysis = _weights.AddFloats(tables.Analysis), map = _weights.AddInts(tables.Map);
        _places = new TransformPlaces(
            _weights.AddFloats(tables.Splits),
            _weights.AddInts(_fft.Places),
            _weights.AddFloats(tables.Synthesis),
            [.. _fft.Passes.Select(pass => _weights.AddFloats(pass.Twiddles))]);
        if (NetworkDefinition.Find(network.Inputs, PortRole.Spectrogram) is { } spectra)
        {
            GpuTensor spectrogram = New("spectrogram", new Shape(2 * network.Channels, definition.Bins, frames));
            GpuTensor transform = New("stft", new Shape(2 * network.Channels * points, frames));
            _tensors.Add(_graph.Inputs.First(i => i.Name == spectra.Name).Value, spectrogram);
            int tiles = Groups(frames, 64);
            Emit(TransformStep(definition, "frame", "stft.frames", $"{frames} frames of {n}", waveform, transform, tiles * points, network.Channels, table: analysis, map: map));
            Passes(definition, "stft", transform, network.Channels);
            Emit(TransformStep(definition, "split", "stft.spectrum", $"spectrum {spectrogram.Shape}", transform, spectrogram, tiles * (points / 2 + 1), network.Channels, table: _places.Splits, map: _places.Positions));
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
        Passes(definition, "istft", transform, planes);
        Emit(TransformStep(definition, "overlap", "istft.overlap", $"overlap, add {output.Shape}", transform, output, Groups(definition.Hop, 32) * Groups(hops, 32), planes, _places.Synthesis, _places.Positions, waveforms));
        return output;

        GpuTensor? Output(PortRole role) => NetworkDefinition.Find(network.Outputs, role) is { } port ? _tensors[_graph.Outputs.First(o => o.Name == port.Name).Value] : null;
    }

    private void Passes(TransformDefinition definition, string name, GpuTensor transform, int planes)
    {
        int frames = definition.Frames(_samples);
        for (int i = 0; i < _fft!.Passes.Length; i++)
        {
            FourierPass pass = _fft.Passes[i];
            Emit(TransformStep(definition, "fft", $"{name}.pass{i}", $"radix {pass.Radix}", transform, transform, Groups(frames, 64) * (_fft.Size / pass.Radix), planes, table: _places.Twiddles[i], pass: pass));
        }
    }

    private GpuStep TransformStep(
        TransformDefinition definition, string shader, string name, string text, GpuTensor input, GpuTensor output, int x, int y,
        int table = 0, int map = 0, GpuTensor? add = null, FourierPass? pass = null)
    {
        GpuTensor transform = shader is "join" or "frame" ? output : input;

        // A plane of a spectrogram is a channel; one of the transform is addressed by points and frames.
        PushValue[] push =
        [
            input, output, definition.Nfft / 2, definition.Frames(_samples), transform.Pitch, definition.Hop, _samples, input.Pitch, output.Pitch,
            definition.Bins, table, map, 0, add ?? (PushValue)(-1), add?.Pitch ?? 0, pass?.Length ?? Lead(definition),
        ];
        return new GpuStep(name, text, new KernelKey(shader, pass == null ? [] : [pass.Radix], shader == "overlap" ? 256 : 64), push, x, y)
        {
            Reads = add == null ? [input] : [input, add],
            Writes = [output],
        };
    }

    // Where the kept samples start in the signal that the kept frames cover.
    private static int Lead(TransformDefinition definition) => definition.OutputStart + definition.Nfft / 2 - definition.DroppedFrames * definition.Hop;

    private void Check(TransformDefinition definition)
    {
        definition.Validate();
        if (definition.Envelope != TransformEnvelope.Constant || definition.OutputSamples(_samples) != _samples)
        {
            throw Refusal($"this network's transform (n_fft {definition.Nfft}, envelope {definition.Envelope.ToString().ToLowerInvariant()}, output {definition.Output.ToString().ToLowerInvariant()})");
        }
    }
}
