using System.Runtime.InteropServices;
using System.Text;
using Stemsharp.Vulkan.Native;

namespace Stemsharp.Vulkan.Device;

/// <summary>
/// A connection to the system's Vulkan drivers. There is one in a process, and it stays: drivers that are unloaded while
/// threads live that have been in them are a known way to crash.
/// </summary>
internal sealed unsafe class VulkanInstance
{
    private const uint Version12 = (1 << 22) | (2 << 12);
    private const uint EnumeratePortability = 1;
    private const uint GpuAssistedValidation = 0, SynchronizationValidation = 4;

    private static readonly Dictionary<VulkanChecks, VulkanInstance> s_opened = [];
    private static string? s_reason;

    private readonly delegate* unmanaged<nint, byte*, nint> _get;
    private readonly nint _handle;
    private GCHandle _self;

    private VulkanInstance(delegate* unmanaged<nint, byte*, nint> get, VulkanChecks checks)
    {
        _get = get;
        List<string> extensions = [], layers = [];
        HashSet<string> offered = InstanceExtensions(null);
        uint flags = 0;
        if (offered.Contains("VK_KHR_portability_enumeration"))
        {
            extensions.Add("VK_KHR_portability_enumeration");
            flags |= EnumeratePortability;
        }

        bool validate = checks != VulkanChecks.None, listening = validate && offered.Contains("VK_EXT_debug_utils");
        if (validate)
        {
            layers.Add("VK_LAYER_KHRONOS_validation");
        }

        if (listening)
        {
            extensions.Add("VK_EXT_debug_utils");
        }

        using NativeStrings names = new(extensions), layerNames = new(layers);
        fixed (byte* name = "Stemsharp\0"u8)
        {
            VkApplicationInfo application = new()
            {
                Type = VkStructureType.ApplicationInfo,
                ApplicationName = name,
                EngineName = name,
                ApiVersion = Version12,
            };
            uint enabled = checks == VulkanChecks.Kernels ? GpuAssistedValidation : SynchronizationValidation;
            VkValidationFeatures features = new() { Type = VkStructureType.ValidationFeatures, EnabledCount = 1, Enabled = &enabled };
            VkInstanceCreateInfo info = new()
            {
                Type = VkStructureType.InstanceCreateInfo,
                Next = validate ? &features : null,
                Flags = flags,
                Application = &application,
                LayerCount = (uint)layers.Count,
                Layers = layerNames.Pointers,
                ExtensionCount = (uint)extensions.Count,
                Extensions = names.Pointers,
            };
            nint handle;
            delegate* unmanaged<VkInstanceCreateInfo*, void*, nint*, VkResult> create = (delegate* unmanaged<VkInstanceCreateInfo*, void*, nint*, VkResult>)Load("vkCreateInstance");
            VulkanException.Check(create(&info, null, &handle), "start Vulkan");
            _handle = handle;
        }

        Functions = new InstanceFunctions(get, _handle);
        if (listening)
        {
            Listen();
        }
    }

    public InstanceFunctions Functions { get; }

    /// <summary>What the validation layers said, where they were asked for.</summary>
    public List<string> Messages { get; } = [];

    /// <summary>The process's connection; null with the reason where there is no Vulkan.</summary>
    /// <param name="reason">Why there is none.</param>
    /// <param name="checks">What the Khronos validation layer is to check.</param>
    public static VulkanInstance? TryGet(out string? reason, VulkanChecks checks = VulkanChecks.None)
    {
        lock (s_opened)
        {
            if (!s_opened.TryGetValue(checks, out VulkanInstance? instance) && (instance = TryCreate(out reason, checks)) != null)
            {
                s_opened.Add(checks, instance);
            }

            reason = instance == null ? s_reason : null;
            return instance;
        }
    }

    private static VulkanInstance? TryCreate(out string? reason, VulkanChecks checks)
    {
        VulkanInstance? instance = null;
        if (!VulkanLoader.TryGet(out delegate* unmanaged<nint, byte*, nint> get, out reason))
        {
            s_reason = reason;
            return null;
        }

        try
        {
            instance = new VulkanInstance(get, checks);
        }
        catch (VulkanException e)
        {
            s_reason = reason = e.Message;
        }

        return instance;
    }

    /// <summary>All devices, usable or not, in the loader's order.</summary>
    public IReadOnlyList<GpuInfo> Devices()
    {
        uint count = 0;
        VulkanException.Check(Functions.EnumeratePhysicalDevices(_handle, &count, null), "list devices");
        nint[] handles = new nint[count];
        fixed (nint* pointer = handles)
        {
            if (count > 0)
            {
                VulkanException.Check(Functions.EnumeratePhysicalDevices(_handle, &count, pointer), "list devices");
            }
        }

        return [.. handles.Take((int)count).Select((handle, index) => GpuQuery.Describe(Functions, handle, index))];
    }

    private HashSet<string> InstanceExtensions(byte* layer)
    {
        delegate* unmanaged<byte*, uint*, VkExtensionProperties*, VkResult> list = (delegate* unmanaged<byte*, uint*, VkExtensionProperties*, VkResult>)Load("vkEnumerateInstanceExtensionProperties");
        uint count = 0;
        list(layer, &count, null);
        VkExtensionProperties[] found = new VkExtensionProperties[count];
        fixed (VkExtensionProperties* pointer = found)
        {
            list(layer, &count, pointer);
        }

        HashSet<string> names = new(StringComparer.Ordinal);
        foreach (VkExtensionProperties extension in found)
        {
            names.Add(Marshal.PtrToStringUTF8((nint)extension.Name) ?? "");
        }

        return names;
    }

    private nint Load(string name)
    {
        fixed (byte* text = Encoding.ASCII.GetBytes(name + '\0'))
        {
            return _get(0, text);
        }
    }

    private void Listen()
    {
        _self = GCHandle.Alloc(this);
        VkDebugUtilsMessengerCreateInfo info = new()
        {
            Type = VkStructureType.DebugUtilsMessengerCreateInfo,
            Severity = 0x1100, // warnings and errors
            Kinds = 7,
            Callback = &Heard,
            User = (void*)GCHandle.ToIntPtr(_self),
        };
        ulong messenger;
        VulkanException.Check(Functions.CreateDebugUtilsMessenger(_handle, &info, null, &messenger), "listen to the validation layers");
    }

    [UnmanagedCallersOnly]
    private static uint Heard(uint severity, uint kinds, VkDebugMessage* message, void* user)
    {
        if (GCHandle.FromIntPtr((nint)user).Target is VulkanInstance instance)
        {
            lock (instance.Messages)
            {
                instance.Messages.Add(Marshal.PtrToStringUTF8((nint)message->Message) ?? "");
            }
        }

        return 0;
    }
}
