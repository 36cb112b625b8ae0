namespace Stemsharp.OnnxRuntime;

/// <summary>Where onnxruntime runs a model.</summary>
public enum ExecutionProvider
{
    /// <summary>The processor.</summary>
    Cpu,

    /// <summary>NVIDIA GPUs through CUDA and cuDNN.</summary>
    Cuda,

    /// <summary>NVIDIA GPUs through TensorRT; what it does not take goes to CUDA.</summary>
    TensorRT,

    /// <summary>DirectX 12 GPUs on Windows.</summary>
    DirectML,

    /// <summary>Apple's CoreML.</summary>
    CoreML,

    /// <summary>Intel processors, GPUs and NPUs.</summary>
    OpenVINO,

    /// <summary>GPUs through WebGPU (Dawn).</summary>
    WebGpu,

    /// <summary>Processors through XNNPACK.</summary>
    Xnnpack,

    /// <summary>NVIDIA's RTX GPUs through TensorRT for RTX, from a library of its own.</summary>
    TensorRTRtx,
}
