using System.Text;

namespace Stemsharp.Vulkan.Native;

/// <summary>The functions of an instance. See docs/decisions for why this is no package.</summary>
internal sealed unsafe class InstanceFunctions
{
    public readonly delegate* unmanaged<nint, void*, void> DestroyInstance;
    public readonly delegate* unmanaged<nint, uint*, nint*, VkResult> EnumeratePhysicalDevices;
    public readonly delegate* unmanaged<nint, VkPhysicalDeviceProperties*, void> GetPhysicalDeviceProperties;
    public readonly delegate* unmanaged<nint, VkPhysicalDeviceProperties2*, void> GetPhysicalDeviceProperties2;
    public readonly delegate* unmanaged<nint, VkPhysicalDeviceFeatures2*, void> GetPhysicalDeviceFeatures2;
    public readonly delegate* unmanaged<nint, VkPhysicalDeviceMemoryProperties2*, void> GetPhysicalDeviceMemoryProperties2;
    public readonly delegate* unmanaged<nint, uint*, VkQueueFamilyProperties*, void> GetPhysicalDeviceQueueFamilyProperties;
    public readonly delegate* unmanaged<nint, byte*, uint*, VkExtensionProperties*, VkResult> EnumerateDeviceExtensionProperties;
    public readonly delegate* unmanaged<nint, VkDeviceCreateInfo*, void*, nint*, VkResult> CreateDevice;
    public readonly delegate* unmanaged<nint, byte*, nint> GetDeviceProcAddr;
    public readonly delegate* unmanaged<nint, uint*, VkCooperativeMatrixPropertiesNV*, VkResult> GetCooperativeMatrixPropertiesNV;
    public readonly delegate* unmanaged<nint, uint*, VkCooperativeMatrixProperties*, VkResult> GetCooperativeMatrixProperties;
    public readonly delegate* unmanaged<nint, VkDebugUtilsMessengerCreateInfo*, void*, ulong*, VkResult> CreateDebugUtilsMessenger;
    public readonly delegate* unmanaged<nint, ulong, void*, void> DestroyDebugUtilsMessenger;

    public InstanceFunctions(delegate* unmanaged<nint, byte*, nint> get, nint instance)
    {
        DestroyInstance = (delegate* unmanaged<nint, void*, void>)Load("vkDestroyInstance");
        EnumeratePhysicalDevices = (delegate* unmanaged<nint, uint*, nint*, VkResult>)Load("vkEnumeratePhysicalDevices");
        GetPhysicalDeviceProperties = (delegate* unmanaged<nint, VkPhysicalDeviceProperties*, void>)Load("vkGetPhysicalDeviceProperties");
        GetPhysicalDeviceProperties2 = (delegate* unmanaged<nint, VkPhysicalDeviceProperties2*, void>)Load("vkGetPhysicalDeviceProperties2");
        GetPhysicalDeviceFeatures2 = (delegate* unmanaged<nint, VkPhysicalDeviceFeatures2*, void>)Load("vkGetPhysicalDeviceFeatures2");
        GetPhysicalDeviceMemoryProperties2 = (delegate* unmanaged<nint, VkPhysicalDeviceMemoryProperties2*, void>)Load("vkGetPhysicalDeviceMemoryProperties2");
        GetPhysicalDeviceQueueFamilyProperties = (delegate* unmanaged<nint, uint*, VkQueueFamilyProperties*, void>)Load("vkGetPhysicalDeviceQueueFamilyProperties");
        EnumerateDeviceExtensionProperties = (delegate* unmanaged<nint, byte*, uint*, VkExtensionProperties*, VkResult>)Load("vkEnumerateDeviceExtensionProperties");
        CreateDevice = (delegate* unmanaged<nint, VkDeviceCreateInfo*, void*, nint*, VkResult>)Load("vkCreateDevice");
        GetDeviceProcAddr = (delegate* unmanaged<nint, byte*, nint>)Load("vkGetDeviceProcAddr");
        GetCooperativeMatrixPropertiesNV = (delegate* unmanaged<nint, uint*, VkCooperativeMatrixPropertiesNV*, VkResult>)Load("vkGetPhysicalDeviceCooperativeMatrixPropertiesNV");
        GetCooperativeMatrixProperties = (delegate* unmanaged<nint, uint*, VkCooperativeMatrixProperties*, VkResult>)Load("vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR");
        CreateDebugUtilsMessenger = (delegate* unmanaged<nint, VkDebugUtilsMessengerCreateInfo*, void*, ulong*, VkResult>)Load("vkCreateDebugUtilsMessengerEXT");
        DestroyDebugUtilsMessenger = (delegate* unmanaged<nint, ulong, void*, void>)Load("vkDestroyDebugUtilsMessengerEXT");

        nint Load(string name)
        {
            fixed (byte* text = Encoding.ASCII.GetBytes(name + '\0'))
            {
                return get(instance, text);
            }
        }
    }
}
