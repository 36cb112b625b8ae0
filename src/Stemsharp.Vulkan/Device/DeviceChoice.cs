using System.Globalization;
using Stemsharp.Inference;

namespace Stemsharp.Vulkan.Device;

/// <summary>Which device to take.</summary>
internal static class DeviceChoice
{
    /// <summary>The named device, or the best one: discrete before integrated, processors that play a GPU only if allowed.</summary>
    public static GpuInfo Choose(IReadOnlyList<GpuInfo> devices, string? wanted, bool allowSoftware)
    {
        if (wanted != null)
        {
            GpuInfo? named = int.TryParse(wanted, NumberStyles.None, CultureInfo.InvariantCulture, out int number)
                ? devices.FirstOrDefault(d => d.Index == number)
                : devices.FirstOrDefault(d => d.Name.Contains(wanted, StringComparison.OrdinalIgnoreCase));
            return named == null ? throw new VulkanException(EngineFailure.Refused, $"There is no GPU '{wanted}'. {List(devices)}")
                : named.Refusal != null ? throw new VulkanException(EngineFailure.Refused, $"{named.Name} cannot be used: {named.Refusal}.")
                : named;
        }

        GpuInfo? best = devices.Where(d => d.Refusal == null && (allowSoftware || !d.IsSoftware)).OrderBy(d => d.IsSoftware).ThenBy(d => d.IsIntegrated).FirstOrDefault();
        return best ?? throw new VulkanException(EngineFailure.Refused, $"There is no GPU that can be used. {List(devices)}");
    }

    /// <summary>The devices there are, and why each cannot be used or is not taken unnamed.</summary>
    public static string List(IReadOnlyList<GpuInfo> devices) =>
        devices.Count == 0 ? "Vulkan knows of no device: its driver is not installed, or not for this user."
        : "There are: " + string.Join("; ", devices.Select(d => $"{d.Index}: {d.Name}{(d.Refusal != null ? $", which cannot be used: {d.Refusal}" : d.IsSoftware ? ", a processor that plays a GPU, only used when it is named" : "")}")) + ".";
}
