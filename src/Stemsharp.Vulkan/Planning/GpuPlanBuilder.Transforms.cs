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

    // [A, L] → the graph's spectrogram and waveform.
    private GpuTensor Forward(TransformDefinition definition, SegmentShape shape)
    {
        Check(definition, shape);
        int n = definition.Nfft, points = n / 2, frames = shape.Frames;
        _fft = new FourierPasses(points);
        TransformTables tables = new(definition, shape.Samples);
        int analysis = _weights.AddFloats(tables.Analysis), map = _weights.AddInts(tables.Map);
        _places = new TransformPlaces(
            _weights.AddFloats(tables.Splits),
            _weights.AddInts(_fft.Places),
            _weights.AddFloats(tables.Synthesis),
            [.. _fft.Passes.Select(pass => _weights.AddFloats(pass.Twiddles))]);

        GpuTensor waveform = New("waveform", _graph.Inputs[1].Value.Shape);
        GpuTensor spectrogram = New("spectrogram", _graph.Inputs[0].Value.Shape);
        GpuTensor transform = New("stft", new Shape(2 * shape.Channels * points, frames));
        _tensors.Add(_graph.Inputs[1].Value, waveform);
        _tensors.Add(_graph.Inputs[0].Value, spectrogram);
        int tiles = Groups(frames, 64);
        Emit(TransformStep("frame", "stft.frames", $"{frames} frames of {n}", waveform, transform, tiles * points, shape.Channels, table: analysis, map: map));
        Passes("stft", transform, frames, shape.Channels);
        Emit(TransformStep("split", "stft.spectrum", $"spectrum {spectrogram.Shape}", transform, spectrogram, tiles * (points / 2 + 1), shape.Channels, table: _places.Splits, map: _places.Positions));
        return waveform;
    }

    // The graph's spectrograms and waveforms → [S·A, L], wanted stems only.
    private GpuTensor Inverse(TransformDefinition definition, SegmentShape shape)
    {
        int points = definition.Nfft / 2, frames = shape.Frames, planes = shape.Stems * shape.Channels;
        GpuTensor spectrograms = _tensors[_graph.Outputs[0].Value], waveforms = _tensors[_graph.Outputs[1].Value];
        GpuTensor transform = New("istft", new Shape(2 * planes * points, frames));
        GpuTensor output = New("stems", new Shape(planes, shape.Samples));
        int tiles = Groups(frames, 64);
        Emit(TransformStep("join", "istft.spectrum", $"inverse {spectrograms.Shape}", spectrograms, transform, tiles * (points / 2 + 1), planes, table: _places.Splits));
        Passes("istft", transform, frames, planes);
        GpuStep last = TransformStep("overlap", "istft.overlap", $"overlap, add {output.Shape}", transform, output, Groups(definition.Hop, 32) * Groups(Groups(shape.Samples + Lead(definition), definition.Hop), 32), planes, _places.Synthesis, _places.Positions, waveforms);
        Emit(last);
        return output;
    }

    private void Passes(string name, GpuTensor transform, int frames, int planes)
    {
        for (int i = 0; i < _fft!.Passes.Length; i++)
        {
            FourierPass pass = _fft.Passes[i];
            GpuStep step = TransformStep("fft", $"{name}.pass{i}", $"radix {pass.Radix}", transform, transform, Groups(frames, 64) * (_fft.Size / pass.Radix), planes, table: _places.Twiddles[i], pass: pass);
            Emit(step);
        }
    }

    private GpuStep TransformStep(string shader, string name, string text, GpuTensor input, GpuTensor output, int x, int y, int table = 0, int map = 0, GpuTensor? add = null, FourierPass? pass = null)
    {
        int frames = _graph.Inputs[0].Value.Shape.Last, samples = _graph.Inputs[1].Value.Shape.Last;
        GpuTensor transform = shader is "join" or "frame" ? output : input;
        TransformDefinition definition = _transform!;
        // A plane of a spectrogram is a channel; one of the transform is addressed by points and frames.
        PushValue[] push =
        [
            input, output, definition.Nfft / 2, frames, transform.Pitch, definition.Hop, samples, input.Pitch, output.Pitch,
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

    private static void Check(TransformDefinition definition, SegmentShape shape)
    {
        definition.Validate();
        if (definition.Envelope != TransformEnvelope.Constant || definition.OutputSamples(shape.Samples) != shape.Samples)
        {
            throw new VulkanException(VulkanFailure.Refused, $"The GPU engine does not know this network's transform (n_fft {definition.Nfft}, envelope {definition.Envelope}, output {definition.Output}); take another engine.");
        }

        if (definition.Frames(shape.Samples) != shape.Frames || definition.Bins != shape.Bins)
        {
            throw new ModelException($"The network's spectrogram has {shape.Bins} bins and {shape.Frames} frames, and its transform gives {definition.Bins} and {definition.Frames(shape.Samples)}.");
        }
    }
}
