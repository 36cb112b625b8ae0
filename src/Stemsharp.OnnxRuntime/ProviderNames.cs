using System.Globalization;

namespace Stemsharp.OnnxRuntime;

/// <summary>What onnxruntime calls its execution providers, and the options each is given.</summary>
internal static class ProviderNames
{
    /// <summary>The name in onnxruntime's list of available providers.</summary>
    public static string Of(ExecutionProvider provider) => provider switch
    {
        ExecutionProvider.Cpu => "CPUExecutionProvider",
        ExecutionProvider.Cuda => "CUDAExecutionProvider",
        ExecutionProvider.TensorRT => "TensorrtExecutionProvider",
        ExecutionProvider.DirectML => "DmlExecutionProvider",
        ExecutionProvider.CoreML => "CoreMLExecutionProvider",
        ExecutionProvider.OpenVINO => "OpenVINOExecutionProvider",
        ExecutionProvider.WebGpu => "WebGpuExecutionProvider",
        ExecutionProvider.TensorRTRtx => "NvTensorRTRTXExecutionProvider",
        _ => "XnnpackExecutionProvider",
    };

    /// <summary>The name that the generic function for appending a provider takes.</summary>
    public static string ShortName(ExecutionProvider provider) => provider switch
    {
        ExecutionProvider.DirectML => "DML",
        ExecutionProvider.CoreML => "CoreML",
        ExecutionProvider.OpenVINO => "OpenVINO",
        ExecutionProvider.WebGpu => "WebGPU",
        ExecutionProvider.TensorRTRtx => "NvTensorRtRtx",
        _ => "XNNPACK",
    };

    /// <summary>The options that a provider is given unless the user says otherwise, by its own names.</summary>
    public static SortedDictionary<string, string> Options(OnnxSessionOptions settings)
    {
        SortedDictionary<string, string> values = new(StringComparer.Ordinal);
        string? folder = settings.CacheFolder;
        switch (settings.Provider)
        {
            case ExecutionProvider.Cuda:
                values["device_id"] = $"{settings.Device}";

                // Exhaustive search of convolution algorithms costs minutes at these sizes.
                values["cudnn_conv_algo_search"] = "HEURISTIC";

                // TF32 rounds products to 10 bits; precision comes from the graph instead.
                values["use_tf32"] = "0";
                break;
            case ExecutionProvider.TensorRT:
                values["device_id"] = $"{settings.Device}";

                // Types come from the graph: no precision flags, no silent change of a Cast.
                values["trt_fp16_enable"] = "0";
                values["trt_int8_enable"] = "0";
                if (settings.Workspace is { } workspace)
                {
                    values["trt_max_workspace_size"] = workspace.ToString(CultureInfo.InvariantCulture);
                }

                if (folder is not null)
                {
                    values["trt_engine_cache_enable"] = "1";
                    values["trt_engine_cache_path"] = folder;
                    values["trt_timing_cache_enable"] = "1";
                    values["trt_timing_cache_path"] = folder;
                }

                break;
            case ExecutionProvider.DirectML:
                values["device_id"] = $"{settings.Device}";
                break;
            case ExecutionProvider.CoreML:
                values["ModelFormat"] = "MLProgram";
                values["MLComputeUnits"] = "ALL";
                if (folder is not null)
                {
                    values["ModelCacheDirectory"] = folder;
                }

                break;
            case ExecutionProvider.TensorRTRtx:
                if (folder is not null)
                {
                    values["nv_runtime_cache_path"] = folder;
                }

                break;
            case ExecutionProvider.OpenVINO:
                if (settings.ProviderLibrary is null)
                {
                    // A library of its own is given a device instead.
                    values["device_type"] = "AUTO";
                }

                if (folder is not null)
                {
                    values["cache_dir"] = folder;
                }

                break;
        }

        return values;
    }
}
