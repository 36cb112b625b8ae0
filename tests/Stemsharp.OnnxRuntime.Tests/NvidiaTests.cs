using System.Runtime.InteropServices;
using System.Text;
using Stemsharp.OnnxRuntime.Nvidia;
using Xunit;

namespace Stemsharp.OnnxRuntime.Tests;

/// <summary>What is read of GPUs and TensorRT, over a driver made of managed functions.</summary>
public unsafe class NvidiaTests
{
    [Fact]
    public void The_driver_is_asked_for_its_GPUs()
    {
        IReadOnlyList<NvidiaGpu> gpus = NvidiaGpu.FindAll(Driver, out string? problem);
        Assert.Null(problem);
        Assert.Equal([new NvidiaGpu("Old", new Version(7, 0), 16_000_000_000), new NvidiaGpu("New", new Version(9, 0), 16_000_000_000)], gpus);
        Assert.Equal("sm70", gpus[0].Architecture);
        Assert.Equal("New, compute capability 9.0, 16.0 GB", gpus[1].ToString());
    }

    [Fact]
    public void A_driver_without_GPUs_or_functions_is_described()
    {
        Assert.Empty(NvidiaGpu.FindAll(_ => 0, out string? problem));
        Assert.Contains("lacks functions", problem, StringComparison.Ordinal);
        Assert.Empty(NvidiaGpu.FindAll(name => name == "cuInit" ? (nint)(delegate* unmanaged<uint, int>)&NoDevice : Driver(name), out problem));
        Assert.Contains("CUDA error 100", problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(7, 0, "10.4.0", true)]
    [InlineData(7, 0, "10.5.0", false)]
    [InlineData(6, 1, "10.4.0", false)]
    [InlineData(7, 5, "10.13.2", true)]
    [InlineData(9, 0, "10.0.1", true)]
    public void GPUs_that_TensorRT_gave_up_are_refused(int major, int minor, string version, bool taken)
    {
        string? refusal = TensorRT.Refusal(new NvidiaGpu("Some", new Version(major, minor), 1), Version.Parse(version));
        Assert.Equal(taken, refusal is null);
        if (refusal is not null)
        {
            Assert.Contains($"does not support Some: its compute capability is {major}.{minor}", refusal, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(100400, "10.4.0")]
    [InlineData(101302, "10.13.2")]
    [InlineData(8601, "8.6.1")]
    public void TensorRTs_number_is_a_version(int number, string version) => Assert.Equal(Version.Parse(version), TensorRT.Decode(number));

    private static nint Driver(string name) => name switch
    {
        "cuInit" => (nint)(delegate* unmanaged<uint, int>)&Init,
        "cuDeviceGetCount" => (nint)(delegate* unmanaged<int*, int>)&Count,
        "cuDeviceGet" => (nint)(delegate* unmanaged<int*, int, int>)&Get,
        "cuDeviceGetName" => (nint)(delegate* unmanaged<byte*, int, int, int>)&Name,
        "cuDeviceGetAttribute" => (nint)(delegate* unmanaged<int*, int, int, int>)&Attribute,
        "cuDeviceTotalMem_v2" => (nint)(delegate* unmanaged<nuint*, int, int>)&Memory,
        _ => 0,
    };

    [UnmanagedCallersOnly]
    private static int Init(uint flags) => 0;

    [UnmanagedCallersOnly]
    private static int NoDevice(uint flags) => 100;

    [UnmanagedCallersOnly]
    private static int Count(int* count)
    {
        *count = 2;
        return 0;
    }

    [UnmanagedCallersOnly]
    private static int Get(int* device, int ordinal)
    {
        *device = 40 + ordinal;
        return 0;
    }

    [UnmanagedCallersOnly]
    private static int Name(byte* name, int length, int device)
    {
        Encoding.UTF8.GetBytes(device == 40 ? "Old\0" : "New\0").CopyTo(new Span<byte>(name, length));
        return 0;
    }

    [UnmanagedCallersOnly]
    private static int Attribute(int* value, int attribute, int device)
    {
        *value = attribute == 75 ? device == 40 ? 7 : 9 : 0;
        return 0;
    }

    [UnmanagedCallersOnly]
    private static int Memory(nuint* bytes, int device)
    {
        long value = 16_000_000_000;
        *bytes = (nuint)value;
        return 0;
    }
}
